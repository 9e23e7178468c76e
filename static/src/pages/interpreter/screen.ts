// What an interpreter sees, computed from their cards, without DOM and words.
import type {
  AnnouncementCard, AssignmentCard, ClockCard, EventCard, ItemCard, LostCard, OfferCard, OwnNoticeCard, RoundCard,
  InterpreterSelfCard, ZoneCard,
} from '../../shared/cards'
import type { Sent, Session } from '../../shared/session'

/** InterpreterCards are the kinds of cards in an interpreter's view. */
export interface InterpreterCards {
  event: EventCard
  clock: ClockCard
  round: RoundCard
  item: ItemCard
  zone: ZoneCard
  announcement: AnnouncementCard
  self: InterpreterSelfCard
  assignment: AssignmentCard
  offer: OfferCard
  notice: OwnNoticeCard
  lost: LostCard
}

export interface Offer {
  id: string
  card: OfferCard
}

export interface Assignment {
  id: string
  card: AssignmentCard
  round: RoundCard | undefined
}

export interface Notice {
  id: string
  card: OwnNoticeCard
  assignment: AssignmentCard | undefined
}

export interface Screen {
  duty: InterpreterSelfCard['duty']
  busy: boolean
  /** The request that the reader has claimed. */
  claimed: Offer | null
  /** The meeting that the reader interprets now. */
  current: Assignment | null
  /** Requests that nobody has claimed, the longest waiting first, and those that others have claimed. */
  unclaimed: Offer[]
  claimedByOthers: Offer[]
  ahead: Assignment[]
  notices: Notice[]
}

export interface ScreenInput {
  self: InterpreterSelfCard | undefined
  rounds: ReadonlyMap<string, RoundCard>
  assignments: ReadonlyMap<string, AssignmentCard>
  offers: ReadonlyMap<string, OfferCard>
  notices: ReadonlyMap<string, OwnNoticeCard>
  sent: readonly Sent[]
}

export function screenOf(input: ScreenInput): Screen {
  const offers = [...input.offers].map(([id, card]) => ({ id, card })).sort((a, b) => a.card.at - b.card.at)
  const assignments = [...input.assignments]
    .map(([id, card]) => ({ id, card, round: input.rounds.get(card.place.round ?? '') }))
    .filter(({ round }) => round?.state !== 'ended')
    .sort((a, b) => (a.round?.now.start ?? 0) - (b.round?.now.start ?? 0))
  const claimed = offers.find(({ card }) => card.mine) ?? null
  const current = assignments.find(({ card, round }) => round?.state === 'running' && !card.cancelled) ?? null
  return {
    duty: input.self?.duty ?? 'off',
    busy: !!(claimed || current),
    claimed,
    current,
    unclaimed: offers.filter(({ card }) => card.state === 'requested'),
    claimedByOthers: offers.filter(({ card }) => card.state !== 'requested' && !card.mine),
    ahead: assignments.filter((a) => a !== current),
    notices: unacknowledgedNotices(input),
  }
}

function unacknowledgedNotices(input: ScreenInput): Notice[] {
  const acknowledged = new Set(
    input.sent
      .filter((s) => s.name === 'seen' && s.progress.state !== 'rejected')
      .flatMap((s) => (s.body as { notices: string[] }).notices),
  )
  return [...input.notices]
    .filter(([id]) => !acknowledged.has(id))
    .map(([id, card]) => ({ id, card, assignment: input.assignments.get(card.meeting ?? '') }))
    .sort((a, b) => a.card.at - b.card.at)
}

/** sendingLabel returns the label of a command in flight; without a connection the label says that it waits. */
export const sendingLabel = (session: Session<InterpreterCards>): string => (session.freshness.value.state === 'live' ? 'word.sending' : 'word.held')

/** isPending reports whether a command about a thing has no answer yet. */
export function isPending(sent: readonly Sent[], names: Sent['name'][], field: string, id: string): boolean {
  return sent.some((s) => names.includes(s.name) && s.progress.state !== 'rejected' && (s.body as Record<string, unknown>)[field] === id)
}
