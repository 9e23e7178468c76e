// The last view of each link, kept on the device and shown at once at the next visit.
import type { EventClock } from '../shared/cards'
import type { Cards, Position, You } from './frames'
import { type Keeping, parsed } from './storage'
import type { Opening, Seat } from './signin'

export interface Kept {
  at: Position
  subjects: string
  cards: Cards
  you: You
  clock: EventClock
  offset: number // server's wall time minus the device's
  asOf: number // device time at which the view was last known to be true
}

const prefix = 'mf.view/'

/** A shared phone may have signed in as several; older views make room. */
const maxKept = 6

const keyOf = (seat: Seat) => `${prefix}${seat.event}/${seat.link}`

export function recall(keeping: Keeping, seat: Seat): Kept | null {
  return parsed<Kept>(keeping.get(keyOf(seat)))
}

/** newest answers the later of what the server has just sent along and what this device kept. */
export function newest(kept: Kept | null, opening: Opening | undefined, now: number): Kept | null {
  const cards = opening?.snapshot.cards
  if (!opening || !cards) return kept
  const { at } = opening.snapshot
  if (kept && kept.at.epoch === at.epoch && kept.at.seq > at.seq) return kept // an old page, brought back
  const { you, subjects, clock, now: server } = opening.hello
  return { at, cards, you, subjects, clock, offset: server - now, asOf: now }
}

/** remember keeps a view, or none where it does not fit: an old one would be told as the last. */
export function remember(keeping: Keeping, seat: Seat, kept: Kept): void {
  const key = keyOf(seat)
  if (!keeping.get(key)) makeRoom(keeping)
  if (!keeping.set(key, JSON.stringify(kept))) keeping.remove(key)
}

export function forget(keeping: Keeping, seat: Seat): void {
  keeping.remove(keyOf(seat))
}

function makeRoom(keeping: Keeping): void {
  const ages = keeping
    .keys(prefix)
    .map((key) => ({ key, asOf: parsed<Kept>(keeping.get(key))?.asOf ?? 0 }))
    .sort((a, b) => b.asOf - a.asOf)
  for (const { key } of ages.slice(maxKept - 1)) keeping.remove(key)
}
