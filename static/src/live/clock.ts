// Two clocks: the server's wall clock, estimated from the pong with the shortest round trip, and
// the event's clock, which a logged command sets.
import type { EventClock } from '../shared/cards'

/** After this long a worse round trip is accepted again, because device clocks drift. */
const offsetMaxAge = 10 * 60_000

export class Clocks {
  private offset = 0 // server's wall time minus this device's time, in milliseconds
  private roundTrip = Infinity // round trip of the pong that offset was taken from
  private measuredAt = 0 // device time of that pong
  event: EventClock = { wall: 0, event: 0, rate: 1 }

  /** hello sets a first estimate, which pongs improve. */
  hello(serverNow: number, clock: EventClock, now: number): void {
    this.event = clock
    if (this.roundTrip === Infinity) this.offset = serverNow - now
  }

  /** pong takes the answer to a ping that was sent at device time `sent`. */
  pong(serverNow: number, clock: EventClock, sent: number, now: number): void {
    this.event = clock
    const took = now - sent
    if (took < 0 || (took > this.roundTrip && now - this.measuredAt < offsetMaxAge)) return
    this.roundTrip = took
    this.measuredAt = now
    this.offset = serverNow + took / 2 - now
  }

  /**
   * forgetMeasurement discards the measured round trip, because this device's clock was set or the
   * device slept.
   */
  forgetMeasurement(): void {
    this.roundTrip = Infinity
  }

  /** wallAt returns the server's wall time at the device time now. */
  wallAt(now: number): number {
    return now + this.offset
  }

  /** eventAt returns the event's time at the device time now. */
  eventAt(now: number): number {
    const { wall, event, rate } = this.event
    return event + (this.wallAt(now) - wall) * (rate || 1)
  }
}
