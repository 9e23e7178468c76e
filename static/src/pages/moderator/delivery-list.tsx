// Who has been reached: a person's name with how far a notice has come, and their phone's state.
import type { MeetingCard, UnseenCard } from '../../shared/cards'
import { Chip, type Tone } from '../../ui/chip'
import { Name } from '../../ui/names'
import { arrow, check, clock, dot, offline, phone, talk } from '../../ui/icons'
import { idOf } from '../../live/frames'
import { t } from '../../shared/words'
import type { Console } from './moderator-store'
import { namesOf, person } from './describe'
import { concerning, linkOf, type Standing, type Step, step } from './delivery-status'
import type { Waiting } from './unacknowledged'

const looks: Record<Step, readonly [Tone, string]> = {
  sent: ['amber', arrow],
  delivered: ['blue', phone],
  told: ['jade', talk],
  seen: ['jade', check],
}

const links: Record<Standing, readonly [Tone, string]> = {
  live: ['jade', dot],
  asleep: ['amber', clock],
  gone: ['red', offline],
  never: ['red', offline],
}

function StepChip({ console, step, by }: { console: Console; step: Step | null; by?: string | undefined }) {
  if (!step) return null
  const [tone, icon] = looks[step]
  return <Chip tone={tone} icon={icon}>{by ? t('mod.reach.told', { who: person(namesOf(console), by) }) : t(`mod.reach.${step}`)}</Chip>
}

function LinkState({ console, who }: { console: Console; who: string }) {
  const link = linkOf(console.session.live.value, who)
  if (!link) return null
  const [tone, icon] = links[link.standing]
  void console.session.now.value // minutes go by
  const minutes = link.since ? Math.max(0, Math.floor((console.session.wallAt(Date.now()) - link.since) / 60_000)) : 0
  return <Chip tone={tone} icon={icon}>{t(`mod.link.${link.standing}`, { m: minutes })}</Chip>
}

const cardsOf = ({ session }: Console, notice: string, who: readonly string[]): UnseenCard[] => {
  const unseen = session.of('unseen')
  return who.map((w) => unseen.get(`${notice}:${w}`)).filter((card): card is UnseenCard => !!card)
}

/** Reached lists people who have not seen a notice. */
export function Reached({ console, notice, who }: { console: Console; notice: string; who: readonly string[] }) {
  const { floor } = namesOf(console)
  const sent = console.session.of('sent').get(notice)
  return (
    <ul class="reached">
      {cardsOf(console, notice, who).map((card) => (
        <li key={card.who} class="small">
          <span class="reached-name"><Name of={floor.attendee.get(idOf(card.who))?.name ?? floor.interpreter.get(idOf(card.who))?.name} /></span>
          <span class="reach">
            <StepChip console={console} step={step(card, sent)} by={card.toldBy} />
            <LinkState console={console} who={card.who} />
          </span>
        </li>
      ))}
    </ul>
  )
}

/** untoldOf answers whom of a group nobody has told in person. */
export const untoldOf = (console: Console, { notice, who }: Waiting): string[] =>
  cardsOf(console, notice, who).filter((card) => !card.toldBy).map((card) => card.who)

/** TellActions lets somebody say that they told people in person, all of them or one. */
export function TellActions({ console, notice, untold }: { console: Console; notice: string; untold: readonly string[] }) {
  const names = namesOf(console)
  if (untold.length === 0 || !console.rights.value.may('markTold')) return null
  const tell = (who: readonly string[], label: string) => {
    const words = who.map((w) => person(names, w)).join(', ')
    return <button key={label} type="button" class="button small" onClick={() => console.give('markTold', { notice, who: who.slice(0, 100) }, t('mod.toasts.markTold', { who: words }))}>{label}</button>
  }
  return (
    <div class="line-actions">
      {tell(untold, t(untold.length > 1 ? 'mod.markToldAll' : 'mod.markTold'))}
      {untold.length > 1 && untold.slice(0, 6).map((w) => tell([w], t('mod.markToldOne', { who: person(names, w) })))}
    </div>
  )
}

/** PersonReach is how far the notice about a meeting has come with one of its people. */
export function PersonReach({ console, meeting, card, who }: { console: Console; meeting: string; card: MeetingCard; who: string }) {
  const { session } = console
  const about = concerning(session.of('notice'), meeting, card)
  if (!about) return null
  const [id, notice] = about
  const unseen = session.of('unseen').get(`${id}:${who}`)
  // The last call is only for those who are not at their table yet.
  if (!unseen) return notice.last ? null : <StepChip console={console} step="seen" />
  return (
    <>
      <StepChip console={console} step={step(unseen, session.of('sent').get(id))} by={unseen.toldBy} />
      <LinkState console={console} who={who} />
    </>
  )
}
