// Unacknowledged notices by company or interpreter, the most urgent first.
import { idOf, roleOf } from '../../live/frames'
import type { NoticeCard, UnseenCard } from '../../shared/cards'
import { type Floor, meetingInRound, placeOf } from '../../shared/floor'

export interface UnacknowledgedGroup {
  key: string
  notice: string
  card: NoticeCard
  /** Of a company, or of one interpreter. */
  company?: string
  interpreter?: string
  who: string[]
  /** Where they are expected. */
  round?: string
  table?: string
  /** Milliseconds until they are expected there; negative if that has passed. */
  left: number
}

/** unacknowledgedGroups groups the unseen cards; now is the event's time. */
export function unacknowledgedGroups(
  floor: Floor,
  notices: ReadonlyMap<string, NoticeCard>,
  unseen: ReadonlyMap<string, UnseenCard>,
  now: number,
): UnacknowledgedGroup[] {
  const groups = new Map<string, UnacknowledgedGroup>()
  unseen.forEach(({ notice, who }) => {
    const card = notices.get(notice)
    if (!card) return
    const place = expectedPlace(floor, card, who)
    const company = roleOf(who) === 'attendee' ? floor.attendee.get(idOf(who))?.company : undefined
    const key = [notice, company ?? who, place.table ?? ''].join('/')
    const group = groups.get(key)
    if (group) {
      group.who.push(who)
      return
    }
    groups.set(key, { key, notice, card, ...place, ...(company ? { company } : { interpreter: idOf(who) }), who: [who], left: leftUntil(floor, place.round, now) })
  })
  return [...groups.values()].sort((a, b) => a.left - b.left || a.card.at - b.card.at || (a.key < b.key ? -1 : 1))
}

function expectedPlace(floor: Floor, card: NoticeCard, who: string): { round?: string; table?: string } {
  if (card.kind === 'cancelled') return card.from?.round ? { ...card.from } : {}
  const meeting = card.meeting ?? (card.round ? meetingInRound(floor, who, card.round) : undefined)
  const place = meeting && floor.meeting.has(meeting) ? placeOf(floor.meeting.get(meeting)!) : null
  return place ?? (card.round ? { round: card.round } : {})
}

function leftUntil(floor: Floor, round: string | undefined, now: number): number {
  const slot = round ? floor.round.get(round) : undefined
  return slot ? slot.now.start - now : Infinity
}
