// The printed schedule: by table and round, and for each company. Pure.
import type { MeetingCard } from '../../shared/cards'
import { compareLabels, type Floor, seat, seated } from '../../shared/floor'

/** roundPages splits the rounds into pages of at most `wide`. */
export function roundPages(rounds: readonly string[], wide: number): string[][] {
  const pages: string[][] = []
  const count = Math.max(1, Math.ceil(rounds.length / wide))
  const size = Math.ceil(rounds.length / count)
  for (let i = 0; i < rounds.length; i += size) pages.push(rounds.slice(i, i + size))
  return pages
}

export const meetingAt = (floor: Floor, round: string, table: string): MeetingCard | undefined => floor.meeting.get(floor.seats.get(seat(round, table)) ?? '')

export interface Appointment {
  id: string
  meeting: MeetingCard
  partner: string
  round: string
  table: string
}

/** byCompany returns each company's meetings in the order of rounds, and companies in the order of ids. */
export function byCompany(floor: Floor): { company: string; meetings: Appointment[] }[] {
  const all = new Map<string, Appointment[]>()
  for (const id of [...floor.company.keys()].sort(compareLabels)) all.set(id, [])
  floor.meeting.forEach((meeting, id) => {
    if (!seated(meeting)) return
    const { round, table } = meeting.place as { round: string; table: string }
    all.get(meeting.host.company)?.push({ id, meeting, partner: meeting.guest.company, round, table })
    all.get(meeting.guest.company)?.push({ id, meeting, partner: meeting.host.company, round, table })
  })
  const no = (round: string) => floor.round.get(round)?.no ?? 0
  return [...all].map(([company, meetings]) => ({ company, meetings: meetings.sort((a, b) => no(a.round) - no(b.round)) }))
}
