// Search by what a person types, for tables, meetings, companies and people.
import type { Text } from './cards'
import type { Floor } from './floor'

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
