// The floor: the cards, with indexes by place and by person. It is built again when meetings,
// tables, rounds or requests change.
import type { AttendeeCard, CompanyCard, InterpreterCard, MeetingCard, Place, RequestCard, RoundCard, TableCard } from './cards'

export interface Cards {
  round: ReadonlyMap<string, RoundCard>
  table: ReadonlyMap<string, TableCard>
  meeting: ReadonlyMap<string, MeetingCard>
  company: ReadonlyMap<string, CompanyCard>
  request: ReadonlyMap<string, RequestCard>
  attendee: ReadonlyMap<string, AttendeeCard>
  interpreter: ReadonlyMap<string, InterpreterCard>
}

export interface Floor extends Cards {
  /** Ids in the order in which people read them. */
  readonly rounds: readonly string[]
  readonly tables: readonly string[]
  /** Meetings without a place, without cancelled ones. */
  readonly tray: readonly string[]
  /** Place, `seat(round, table)` → the meeting there. */
  readonly seats: ReadonlyMap<string, string>
  /** Place → a cancelled meeting that still names it, shown if no other meeting is there. */
  readonly cancelledSeats: ReadonlyMap<string, string>
  /** Person (`attendee:k03a`, `interpreter:i02`) → their meetings, in the order of ids. */
  readonly meetingsOf: ReadonlyMap<string, readonly string[]>
  /** Meeting → its open request; interpreter → meetings of the open requests that they claimed. */
  readonly requestOf: ReadonlyMap<string, string>
  readonly claims: ReadonlyMap<string, readonly string[]>
}

export const seat = (round: string, table: string): string => round + '|' + table

/** seated reports whether a meeting holds a place, as floor's `seated` does. */
export const seated = (m: MeetingCard): boolean => !m.cancelled && !!m.place.round && !!m.place.table

/** participants returns the people of a meeting, the assigned interpreter last. */
export function participants(m: MeetingCard): string[] {
  const who = [...m.host.people, ...m.guest.people].map((id) => 'attendee:' + id)
  return m.interpreter ? [...who, 'interpreter:' + m.interpreter] : who
}

const collator = new Intl.Collator('en', { numeric: true })

/** compareLabels orders labels as people read them: "7" before "12", "A2" before "A10". */
export const compareLabels = (a: string, b: string): number => collator.compare(a, b)

function push(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

export function makeFloor(cards: Cards): Floor {
  const seats = new Map<string, string>()
  const cancelledSeats = new Map<string, string>()
  const meetingsOf = new Map<string, string[]>()
  const requestOf = new Map<string, string>()
  const claims = new Map<string, string[]>()
  const tray: string[] = []
  for (const id of [...cards.meeting.keys()].sort()) {
    const m = cards.meeting.get(id)!
    const { round, table } = m.place
    if (round && table) (m.cancelled ? cancelledSeats : seats).set(seat(round, table), id)
    else if (!m.cancelled) tray.push(id)
    participants(m).forEach((who) => push(meetingsOf, who, id))
  }
  cards.request.forEach((request, id) => {
    requestOf.set(request.meeting, id)
    if (request.interpreter) push(claims, request.interpreter, request.meeting)
  })
  const rounds = [...cards.round.keys()].sort((a, b) => cards.round.get(a)!.no - cards.round.get(b)!.no)
  const label = (id: string) => cards.table.get(id)!.label
  const tables = [...cards.table.keys()].sort((a, b) => compareLabels(label(a), label(b)) || compareLabels(a, b))
  return { ...cards, rounds, tables, tray, seats, cancelledSeats, meetingsOf, requestOf, claims }
}

/** placeOf returns a meeting's place, or null in the tray. */
export function placeOf(m: MeetingCard): Required<Place> | null {
  const { round, table } = m.place
  return round && table ? { round, table } : null
}

/** meetingInRound returns the meeting at which a person is expected in a round. */
export function meetingInRound(floor: Floor, who: string, round: string): string | undefined {
  return floor.meetingsOf.get(who)?.find((id) => {
    const m = floor.meeting.get(id)!
    return seated(m) && m.place.round === round
  })
}

/** headcount returns how many meetings a round has, and how many people are in them. */
export function headcount(floor: Floor, round: string): { meetings: number; people: number } {
  const who = new Set<string>()
  let meetings = 0
  floor.meeting.forEach((m) => {
    if (!seated(m) || m.place.round !== round) return
    meetings++
    participants(m).forEach((w) => who.add(w))
  })
  return { meetings, people: who.size }
}
