// Finding tables, companies and people by what a moderator types, and who could take a request.
import type { RequestCard, Text } from './cards'
import { type Floor, people, seated } from './floor'

const folded = (text: string): string => text.normalize('NFKC').toLocaleLowerCase('en')

/** matches reports whether a text holds every word of a query, whatever the case and width. */
export function matches(query: string, ...texts: (string | undefined)[]): boolean {
  const words = folded(query).split(/\s+/).filter(Boolean)
  const all = folded(texts.filter(Boolean).join(' '))
  return words.every((word) => all.includes(word))
}

export const inAll = (name: Text | undefined): string => [name?.ko, name?.zh, name?.en].filter(Boolean).join(' ')

export interface Found {
  tables: ReadonlySet<string>
  meetings: ReadonlySet<string>
}

/** find answers the tables and the meetings that a query is about; null: nothing is asked. */
export function find(floor: Floor, query: string): Found | null {
  if (!query.trim()) return null
  const meetings = new Set<string>()
  floor.meeting.forEach((m, id) => {
    const names = [m.host, m.guest].map((side) => inAll(floor.company.get(side.company)?.name) + ' ' + side.company)
    const persons = [...m.host.people, ...m.guest.people].map((p) => inAll(floor.attendee.get(p)?.name) + ' ' + p)
    if (matches(query, id, ...names, ...persons)) meetings.add(id)
  })
  const tables = new Set<string>()
  floor.table.forEach((table, id) => {
    if (matches(query, id, table.label)) tables.add(id)
  })
  meetings.forEach((id) => {
    const at = floor.meeting.get(id)!.place.table
    if (at) tables.add(at)
  })
  return { tables, meetings }
}

/** takers answers the interpreters who could claim a request at an event time: floor's mayTake. */
export function takers(floor: Floor, id: string, now: number): string[] {
  const request = floor.request.get(id)
  if (!request) return []
  return [...floor.interpreter.keys()].filter((i) => mayTake(floor, i, id, request, now))
}

function mayTake(floor: Floor, interpreter: string, id: string, request: RequestCard, now: number): boolean {
  const card = floor.interpreter.get(interpreter)!
  const onShift = !card.shifts?.length || card.shifts.some((s) => s.start <= now && now < s.end)
  if (card.duty !== 'on' || !onShift || !card.pairs.includes(request.pair)) return false
  if (request.skill && !card.skills?.includes(request.skill)) return false
  for (const [other, open] of floor.request) if (other !== id && open.interpreter === interpreter) return false
  const round = floor.meeting.get(request.meeting)?.place.round
  return !(floor.meetingsOf.get('interpreter:' + interpreter) ?? []).some((m) => {
    const meeting = floor.meeting.get(m)!
    return m !== request.meeting && seated(meeting) && meeting.place.round === round
  })
}

/** meetingIn answers where somebody is expected in a round. */
export function meetingIn(floor: Floor, who: string, round: string): string | undefined {
  return floor.meetingsOf.get(who)?.find((id) => {
    const m = floor.meeting.get(id)!
    return seated(m) && m.place.round === round
  })
}

/** headcount answers how many people meetings bring together. */
export function headcount(floor: Floor, round: string): { meetings: number; people: number } {
  const who = new Set<string>()
  let meetings = 0
  floor.meeting.forEach((m) => {
    if (!seated(m) || m.place.round !== round) return
    meetings++
    people(m).forEach((w) => who.add(w))
  })
  return { meetings, people: who.size }
}
