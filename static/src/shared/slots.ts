// The slots of the day: which one is current, and which commands it allows.
import type { ItemCard, RoundCard, SlotCard } from './cards'

export interface Slot extends SlotCard {
  ref: { round: string } | { item: string }
  id: string
  round?: RoundCard
  item?: ItemCard
}

/**
 * timeline returns rounds and agenda items in the order of the plan; the rounds stand for the
 * matching sessions.
 */
export function timeline(rounds: ReadonlyMap<string, RoundCard>, items: ReadonlyMap<string, ItemCard>): Slot[] {
  const line: Slot[] = []
  rounds.forEach((round, id) => line.push({ ...slotOf(round), ref: { round: id }, id, round }))
  items.forEach((item, id) => item.kind !== 'matching' && line.push({ ...slotOf(item), ref: { item: id }, id, item }))
  return line.sort((a, b) => a.plan.start - b.plan.start || a.plan.end - b.plan.end || (a.id < b.id ? -1 : 1))
}

const slotOf = ({ plan, now, state }: SlotCard): SlotCard => ({ plan, now, state })

const minute = 60_000

/** How long before its start a round comes before an agenda item that nobody has started. */
const roundDue = 15 * minute

/**
 * currentSlot returns the running slot (a round first), else the called one, else a round that is
 * due, else the next. A round waits half an hour after its end for somebody to start it. An agenda
 * item that nobody has started is over at its end, as on the displays.
 */
export function currentSlot(line: readonly Slot[], now: number): Slot | undefined {
  const first = (holds: (slot: Slot) => boolean): Slot | undefined => line.find((s) => s.round && holds(s)) ?? line.find(holds)
  const lasts = (s: Slot): boolean => s.now.end > (s.round ? now - 30 * minute : now)
  return (
    first((s) => s.state === 'running') ??
    first((s) => (s.state === 'called' || s.state === 'calledLast') && (!!s.round || lasts(s))) ??
    line.find((s) => s.state === 'planned' && s.round && lasts(s) && s.now.start <= now + roundDue) ??
    line.find((s) => s.state === 'planned' && lasts(s)) ??
    line.find((s) => s.state === 'planned')
  )
}

export type SlotAction = 'call' | 'last' | 'start' | 'extend' | 'end'

/** slotActions returns the commands that a slot allows in its state. */
export function slotActions(slot: SlotCard): SlotAction[] {
  switch (slot.state) {
    case 'planned':
      return ['call', 'start', 'extend']
    case 'called':
      return ['last', 'start', 'extend']
    case 'calledLast':
      return ['start', 'extend']
    case 'running':
      return ['extend', 'end']
    default:
      return []
  }
}

/** minutesLate returns by how many whole minutes a slot is behind its plan; negative if it is ahead. */
export const minutesLate = (slot: SlotCard): number => Math.round((slot.now.end - slot.plan.end) / minute)
