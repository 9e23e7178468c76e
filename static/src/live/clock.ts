// Two clocks: the server's wall clock, estimated from the pong with the shortest
// round trip, and the event's own, which a logged change sets.
import type { EventClock } from '../shared/cards'

/** After this long a better round trip is no longer waited for: phones' clocks drift. */
const offsetMaxAge = 10 * 60_000

export class Clocks {
  private offset = 0 // server's wall time minus this device's
  private roundTrip = Infinity // round trip of the pong that offset is from
  private measuredAt = 0 // this device's time of that pong
  event: EventClock = { wall: 0, event: 0, rate: 1 }

  /** hello gives a first guess, which every pong betters. */
  hello(serverNow: number, clock: EventClock, now: number): void {
    this.event = clock
    if (this.roundTrip === Infinity) this.offset = serverNow - now
  }

  /** pong takes an answer to a ping that was sent at `sent`. */
  pong(serverNow: number, clock: EventClock, sent: number, now: number): void {
    this.event = clock
    const took = now - sent
    if (took < 0 || (took > this.roundTrip && now - this.measuredAt < offsetMaxAge)) return
    this.roundTrip = took
    this.measuredAt = now
    this.offset = serverNow + took / 2 - now
  }

  /** forgetMeasurement forgets what was measured: this device's clock was set, or it slept. */
  forgetMeasurement(): void {
    this.roundTrip = Infinity
  }

  /** wallAt returns the server's wall time when this device shows now. */
  wallAt(now: number): number {
    return now + this.offset
  }

  /** eventAt returns the event's time when this device shows now. */
  eventAt(now: number): number {
    const { wall, event, rate } = this.event
    return event + (this.wallAt(now) - wall) * (rate || 1)
  }
}
