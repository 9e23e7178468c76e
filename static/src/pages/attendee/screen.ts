// What an attendee sees, computed from their cards and the event's time, without DOM and words.
import type {
  AnnouncementCard, ClockCard, EventCard, ItemCard, LostCard, AttendeeSelfCard, OwnMeetingCard, OwnNoticeCard, OwnRequestCard,
  PlaceCard, RoundCard, SlotState, ZoneCard,
} from '../../shared/cards'
import type { Sent } from '../../shared/session'

/** AttendeeCards are the kinds of cards in an attendee's view. */
export interface AttendeeCards {
  event: EventCard
  clock: ClockCard
  round: RoundCard
  item: ItemCard
  zone: ZoneCard
  announcement: AnnouncementCard
  me: AttendeeSelfCard
  meeting: OwnMeetingCard
  request: OwnRequestCard
  notice: OwnNoticeCard
  lost: LostCard
}

/** Meeting is one of the reader's own with its round; a meeting without a place has no round. */
export interface Meeting {
  id: string
  card: OwnMeetingCard
  round: RoundCard | undefined
}

/** Change is what the unseen notices say about one meeting; several moves are one change. */
export interface Change {
  meeting: Meeting
  kind: 'moved' | 'back' | 'cancelled'
  from: PlaceCard
  notices: string[]
}

/** Row is a line of the programme; a row without a time starts at 0. */
export type Row =
  | { start: number; id: string; meeting: Meeting }
  | { start: number; id: string; item: ItemCard }

export type Situation = 'draft' | 'meeting' | 'unplaced' | 'none' | 'over'

export interface Screen {
  situation: Situation
  /** The meeting that is running or next. */
  nextMeeting: Meeting | null
  /** The unseen change of the next meeting, and those of other meetings, soonest first. */
  change: Change | null
  others: Change[]
  /** Unseen calls to the round of the next meeting. */
  calls: string[]
  ahead: Row[]
  past: Row[]
}

export interface ScreenInput {
  event: EventCard | undefined
  rounds: ReadonlyMap<string, RoundCard>
  items: ReadonlyMap<string, ItemCard>
  meetings: ReadonlyMap<string, OwnMeetingCard>
  notices: ReadonlyMap<string, OwnNoticeCard>
  sent: readonly Sent[]
}

const ended = (state: SlotState | undefined) => state === 'ended'
const startOf = (meeting: Meeting) => meeting.round?.now.start ?? 0

export function screenOf(input: ScreenInput): Screen {
  const meetings = [...input.meetings]
    .map(([id, card]) => ({ id, card, round: input.rounds.get(card.place.round ?? '') }))
    .sort((a, b) => startOf(a) - startOf(b))
  const ahead = meetings.filter((m) => !m.card.cancelled && !ended(m.round?.state))
  const nextMeeting = ahead.find((m) => m.round) ?? null
  const unseen = unseenNotices(input)
  const changes = meetings.map((m) => changeOf(m, unseen)).filter((c): c is Change => !!c)
  const change = changes.find((c) => c.meeting === nextMeeting && c.kind !== 'cancelled') ?? null
  return {
    situation: situationOf(input, meetings, ahead, nextMeeting),
    nextMeeting: input.event?.version ? nextMeeting : null,
    change,
    others: changes.filter((c) => c !== change),
    calls: unseen.filter(([, n]) => n.kind === 'call' && n.round === nextMeeting?.card.place.round).map(([id]) => id),
    ...programme(input, meetings, nextMeeting),
  }
}

/**
 * unseenNotices leaves out notices that the reader has acknowledged, whether or not the server has
 * confirmed it.
 */
function unseenNotices(input: ScreenInput): [string, OwnNoticeCard][] {
  const acknowledged = new Set<string>()
  for (const { name, body, progress } of input.sent) {
    if (name === 'seen' && progress.state !== 'rejected') for (const id of (body as { notices: string[] }).notices) acknowledged.add(id)
  }
  return [...input.notices].filter(([id]) => !acknowledged.has(id)).sort(([, a], [, b]) => a.at - b.at)
}

function changeOf(meeting: Meeting, unseen: [string, OwnNoticeCard][]): Change | null {
  const mine = unseen.filter(([, n]) => n.meeting === meeting.id && n.kind !== 'call')
  const first = mine[0]?.[1]
  if (!first) return null
  const { place } = meeting.card
  const same = first.from?.table === place.table && first.from?.round === place.round
  const undone = mine[mine.length - 1]?.[1].undo || same
  return {
    meeting,
    kind: meeting.card.cancelled ? 'cancelled' : undone ? 'back' : 'moved',
    // Moved and moved back before it was seen: there is no other place to strike out.
    from: same ? place : (first.from ?? {}),
    notices: mine.map(([id]) => id),
  }
}

function situationOf(input: ScreenInput, meetings: Meeting[], ahead: Meeting[], hero: Meeting | null): Situation {
  if (!input.event?.version) return 'draft'
  if (hero) return 'meeting'
  if (ahead.length) return 'unplaced'
  return meetings.some((m) => !m.card.cancelled) ? 'over' : 'none'
}

/**
 * programme lists meetings and agenda items by time, without the next meeting, and without the
 * matching item if there are meetings.
 */
function programme(input: ScreenInput, meetings: Meeting[], hero: Meeting | null): { ahead: Row[]; past: Row[] } {
  const draft = !input.event?.version
  const rows: (Row & { past: boolean })[] = []
  for (const meeting of draft ? [] : meetings) {
    if (meeting !== hero) rows.push({ start: startOf(meeting), id: meeting.id, meeting, past: ended(meeting.round?.state) })
  }
  input.items.forEach((item, id) => {
    if (item.kind !== 'matching' || draft || !meetings.length) rows.push({ start: item.now.start, id, item, past: ended(item.state) })
  })
  rows.sort((a, b) => a.start - b.start)
  return { ahead: rows.filter((r) => !r.past), past: rows.filter((r) => r.past) }
}
