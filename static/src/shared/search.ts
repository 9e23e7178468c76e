// Search by text for tables, meetings, companies and people.
import type { Text } from './cards'
import type { Floor } from './floor'

const normalized = (text: string): string => text.normalize('NFKC').toLocaleLowerCase('en')

/** matches reports whether the texts hold every word of a query, ignoring case and width. */
export function matches(query: string, ...texts: (string | undefined)[]): boolean {
  const words = normalized(query).split(/\s+/).filter(Boolean)
  const all = normalized(texts.filter(Boolean).join(' '))
  return words.every((word) => all.includes(word))
}

export const allSpellings = (name: Text | undefined): string => [name?.ko, name?.zh, name?.en].filter(Boolean).join(' ')

export interface SearchResult {
  tables: ReadonlySet<string>
  meetings: ReadonlySet<string>
}

/** searchFloor returns the tables and the meetings that match a query, or null if it is empty. */
export function searchFloor(floor: Floor, query: string): SearchResult | null {
  if (!query.trim()) return null
  const meetings = new Set<string>()
  floor.meeting.forEach((m, id) => {
    const names = [m.host, m.guest].map((side) => allSpellings(floor.company.get(side.company)?.name) + ' ' + side.company)
    const persons = [...m.host.people, ...m.guest.people].map((p) => allSpellings(floor.attendee.get(p)?.name) + ' ' + p)
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
