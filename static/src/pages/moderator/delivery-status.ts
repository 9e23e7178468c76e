// How far a notice has come with a person, and whether their phone can be reached.
import type { Live } from '../../live/frames'
import type { MeetingCard, NoticeCard, DeliveryCard, UnseenCard } from '../../shared/cards'

/** sent → delivered → seen; told: not seen, but somebody told them in person. */
export type DeliveryStep = 'sent' | 'delivered' | 'told' | 'seen'

/**
 * deliveryStep returns how far an unseen notice has come, or null if so many people wait for it
 * that the server only counts them.
 */
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

/**
 * deviceState returns whether the phone of a person with an unseen notice is connected, or null if
 * it is not known.
 */
export function deviceState(live: Live, who: string): DeviceState | null {
  const gone = live.gone?.[who]
  if (gone !== undefined) return gone ? { presence: 'gone', since: gone } : { presence: 'never' }
  const asleep = live.asleep?.[who]
  if (asleep !== undefined) return { presence: 'asleep', since: asleep }
  return live.here && !live.more && !live.partial ? { presence: 'live' } : null
}

/**
 * latestNoticeAbout returns the newest notice that tells the people of a meeting their place or its
 * cancellation.
 */
export function latestNoticeAbout(notices: ReadonlyMap<string, NoticeCard>, meeting: string, card: MeetingCard): [string, NoticeCard] | undefined {
  const of = [...notices].filter(([, n]) => (n.meeting ? n.meeting === meeting : n.round === card.place.round && !card.cancelled))
  return of.sort(([, a], [, b]) => b.at - a.at)[0]
}
