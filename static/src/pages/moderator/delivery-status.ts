// How far a notice has come with each person, and whether their phone is there to be reached.
import type { MeetingCard, NoticeCard, DeliveryCard, UnseenCard } from '../../shared/cards'
import type { Live } from '../../live/frames'

/** sent → delivered → seen; told: not seen, but somebody said it in person. */
export type DeliveryStep = 'sent' | 'delivered' | 'told' | 'seen'

/** deliveryStep returns how far a notice that somebody has not seen has come; null: so many wait for it that they are only counted. */
export function deliveryStep(unseen: UnseenCard, sent: DeliveryCard | undefined): DeliveryStep | null {
  if (unseen.toldBy) return 'told'
  if (!sent) return 'delivered'
  return sent.who ? (sent.who.includes(unseen.who) ? 'sent' : 'delivered') : null
}

export type Presence = 'live' | 'asleep' | 'gone' | 'never'

export interface DeviceState {
  presence: Presence
  /** The server's wall time since when. */
  since?: number
}

/** deviceState returns whether the phone of somebody with an unseen notice is connected; null: not known. */
export function deviceState(live: Live, who: string): DeviceState | null {
  const gone = live.gone?.[who]
  if (gone !== undefined) return gone ? { presence: 'gone', since: gone } : { presence: 'never' }
  const asleep = live.asleep?.[who]
  if (asleep !== undefined) return { presence: 'asleep', since: asleep }
  return live.here && !live.more && !live.partial ? { presence: 'live' } : null
}

/** latestNoticeAbout returns the newest notice that tells the people of a meeting where to be, or that it is off. */
export function latestNoticeAbout(notices: ReadonlyMap<string, NoticeCard>, meeting: string, card: MeetingCard): [string, NoticeCard] | undefined {
  const of = [...notices].filter(([, n]) => (n.meeting ? n.meeting === meeting : n.round === card.place.round && !card.cancelled))
  return of.sort(([, a], [, b]) => b.at - a.at)[0]
}
