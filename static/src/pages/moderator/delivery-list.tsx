// How far a notice has come with each person, and the state of their phones.
import { idOf } from '../../live/frames'
import type { MeetingCard, UnseenCard } from '../../shared/cards'
import { t } from '../../shared/words'
import { Chip, type Tone } from '../../ui/chip'
import { arrowIcon, checkIcon, clockIcon, dotIcon, offlineIcon, phoneIcon, talkIcon } from '../../ui/icons'
import { Name } from '../../ui/names'
import { type DeliveryStep, deliveryStep, deviceState, latestNoticeAbout, type Presence } from './delivery-status'
import { namesOf, person } from './describe'
import type { ModeratorStore } from './moderator-store'
import type { UnacknowledgedGroup } from './unacknowledged'

const stepAppearance: Record<DeliveryStep, readonly [Tone, string]> = {
  sent: ['amber', arrowIcon],
  delivered: ['blue', phoneIcon],
  told: ['jade', talkIcon],
  seen: ['jade', checkIcon],
}

const deviceAppearance: Record<Presence, readonly [Tone, string]> = {
  live: ['jade', dotIcon],
  asleep: ['amber', clockIcon],
  gone: ['red', offlineIcon],
  never: ['red', offlineIcon],
}

function StepChip({ store, step, by }: { store: ModeratorStore; step: DeliveryStep | null; by?: string | undefined }) {
  if (!step) return null
  const [tone, icon] = stepAppearance[step]
  return <Chip tone={tone} icon={icon}>{by ? t('mod.reach.told', { who: person(namesOf(store), by) }) : t(`mod.reach.${step}`)}</Chip>
}

function DeviceChip({ store, who }: { store: ModeratorStore; who: string }) {
  const link = deviceState(store.session.live.value, who)
  if (!link) return null
  const [tone, icon] = deviceAppearance[link.presence]
  void store.session.now.value // drawn again as minutes pass
  const minutes = link.since ? Math.max(0, Math.floor((store.session.wallAt(Date.now()) - link.since) / 60_000)) : 0
  return <Chip tone={tone} icon={icon}>{t(`mod.link.${link.presence}`, { m: minutes })}</Chip>
}

const unseenCards = ({ session }: ModeratorStore, notice: string, who: readonly string[]): UnseenCard[] => {
  const unseen = session.cardsOf('unseen')
  return who.map((w) => unseen.get(`${notice}:${w}`)).filter((card): card is UnseenCard => !!card)
}

/** DeliveryList lists people who have not seen a notice. */
export function DeliveryList({ store, notice, who }: { store: ModeratorStore; notice: string; who: readonly string[] }) {
  const { floor } = namesOf(store)
  const sent = store.session.cardsOf('sent').get(notice)
  return (
    <ul class="reached">
      {unseenCards(store, notice, who).map((card) => (
        <li key={card.who} class="small">
          <span class="reached-name"><Name of={floor.attendee.get(idOf(card.who))?.name ?? floor.interpreter.get(idOf(card.who))?.name} /></span>
          <span class="reach">
            <StepChip store={store} step={deliveryStep(card, sent)} by={card.toldBy} />
            <DeviceChip store={store} who={card.who} />
          </span>
        </li>
      ))}
    </ul>
  )
}

/** notToldInPerson returns the people of a group whom nobody has told in person. */
export const notToldInPerson = (store: ModeratorStore, { notice, who }: UnacknowledgedGroup): string[] =>
  unseenCards(store, notice, who).filter((card) => !card.toldBy).map((card) => card.who)

/** MarkToldActions are buttons that record that people were told in person, all of them or one. */
export function MarkToldActions({ store, notice, notTold }: { store: ModeratorStore; notice: string; notTold: readonly string[] }) {
  const names = namesOf(store)
  if (notTold.length === 0 || !store.rights.value.may('markTold')) return null
  const button = (who: readonly string[], label: string) => {
    const words = who.map((w) => person(names, w)).join(', ')
    return <button key={label} type="button" class="button small" onClick={() => store.send('markTold', { notice, who: who.slice(0, 100) }, t('mod.toasts.markTold', { who: words }))}>{label}</button>
  }
  return (
    <div class="line-actions">
      {button(notTold, t(notTold.length > 1 ? 'mod.markToldAll' : 'mod.markTold'))}
      {notTold.length > 1 && notTold.slice(0, 6).map((w) => button([w], t('mod.markToldOne', { who: person(names, w) })))}
    </div>
  )
}

/** PersonDelivery shows how far the notice about a meeting has come with one of its people. */
export function PersonDelivery({ store, meeting, card, who }: { store: ModeratorStore; meeting: string; card: MeetingCard; who: string }) {
  const { session } = store
  const about = latestNoticeAbout(session.cardsOf('notice'), meeting, card)
  if (!about) return null
  const [id, notice] = about
  const unseen = session.cardsOf('unseen').get(`${id}:${who}`)
  // The last call goes only to those who are not at their table yet.
  if (!unseen) return notice.last ? null : <StepChip store={store} step="seen" />
  return (
    <>
      <StepChip store={store} step={deliveryStep(unseen, session.cardsOf('sent').get(id))} by={unseen.toldBy} />
      <DeviceChip store={store} who={who} />
    </>
  )
}
