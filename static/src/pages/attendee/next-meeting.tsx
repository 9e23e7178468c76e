// The meeting that is running or next. The table's number is the largest.
import type { Session } from '../../shared/session'
import { pairName, spanOf, t } from '../../shared/words'
import { Chip, type Tone } from '../../ui/chip'
import { Countdown, timeLeft } from '../../ui/countdown'
import { Icon } from '../../ui/icon'
import { alertIcon, arrowIcon, bellIcon, checkIcon, clockIcon, closeIcon, dotIcon } from '../../ui/icons'
import { CompanyName, Name, ScreenReaderText, TableNumber } from '../../ui/names'
import { type AttendeeCards, type Change, type Meeting, type Screen, type Situation } from './screen'

/** With less than this to go, in milliseconds, the time left is emphasised. */
const endingSoon = 5 * 60_000

interface Props {
  session: Session<AttendeeCards>
  screen: Screen
  hero: Meeting
}

export function NextMeeting({ session, screen, hero }: Props) {
  const { card, round } = hero
  const { change } = screen
  const notices = [...(change?.notices ?? []), ...screen.calls]
  const running = round?.state === 'running'
  const left = round ? (running ? round.now.end : round.now.start) - session.now.value : 0
  return (
    <section class={'card hero ' + toneClass(screen, hero)} aria-label={t(running ? 'hero.running' : 'hero.next')}>
      <div class="ends">
        <State screen={screen} hero={hero} ending={running && left < endingSoon} />
        <span class="soft">{round && t('word.round', { no: round.no })}</span>
      </div>
      <Place label={card.place.label} old={change?.from.label} />
      <Partner hero={hero} />
      <div class="ends">
        <div>
          {left > 0 ? <><div class="soft">{timeLeft(running)}</div><Countdown left={left} /></> : <b>{t(running ? 'time.over' : 'time.soon')}</b>}
        </div>
        <div class="aside soft">
          <Times session={session} hero={hero} change={change} />
          <div><Name of={session.cardsOf('zone').get(card.place.zone ?? '')?.name} /></div>
        </div>
      </div>
      <Interpreting card={card} />
      {notices.length > 0 && (
        <button type="button" class="button filled" onClick={() => session.send('seen', { notices }, { checked: false })}>
          {t('word.gotIt')}
        </button>
      )}
    </section>
  )
}

/**
 * toneClass returns the classes of the card's border and tint, which are loud only if the reader
 * has to act.
 */
function toneClass({ change, calls }: Screen, { card, round }: Meeting): string {
  if (change) return 'changed pulse'
  if (card.mine === 'noShow') return 'missed'
  const called = round?.state === 'called' || round?.state === 'calledLast'
  return called ? 'called' + (calls.length ? ' pulse' : '') : ''
}

function State({ screen, hero: { card, round }, ending }: { screen: Screen; hero: Meeting; ending: boolean }) {
  const [tone, icon, key] = stateOf(screen, card.mine === 'noShow', ending ? 'ending' : round?.state)
  return <Chip tone={tone} icon={icon}>{t(key)}</Chip>
}

function stateOf({ change }: Screen, missed: boolean, state: string | undefined): [Tone, string, string] {
  if (change?.kind === 'back') return ['amber', alertIcon, 'changed.back']
  if (change) return ['amber', alertIcon, change.from.table === change.meeting.card.place.table ? 'change.time' : 'change.table']
  if (missed) return ['red', closeIcon, 'hero.missed']
  if (state === 'calledLast') return ['amber', bellIcon, 'hero.calledLast']
  if (state === 'called') return ['amber', bellIcon, 'hero.called']
  if (state === 'ending') return ['amber', clockIcon, 'hero.ending']
  return state === 'running' ? ['jade', dotIcon, 'hero.running'] : ['', clockIcon, 'hero.next']
}

function Place({ label, old }: { label: string | undefined; old: string | undefined }) {
  return (
    <p class="place">
      {old && old !== label && (
        <>
          <s><ScreenReaderText>{t('change.before')}</ScreenReaderText>{old}</s>
          <Icon d={arrowIcon} />
        </>
      )}
      <TableNumber label={label} />
    </p>
  )
}

function Partner({ hero: { card, round } }: { hero: Meeting }) {
  const near = round?.state !== 'planned'
  return (
    <div>
      <h2><CompanyName name={card.partner} country={card.country} /></h2>
      {card.people.length > 0 && (
        <p class="soft people">
          {card.people.map((person, i) => <span key={i}><Name of={person.name} />{person.title && ' ' + person.title}</span>)}
        </p>
      )}
      {near && card.theirs === 'present' && <p class="sign jade"><Icon d={checkIcon} /> {t('hero.theyAreThere')}</p>}
      {near && card.theirs === 'noShow' && <p class="sign red"><Icon d={closeIcon} /> {t('hero.theyAreNot')}</p>}
      {near && card.mine === 'noShow' && <p class="sign red"><Icon d={alertIcon} /> {t('hero.comeAnyway')}</p>}
    </div>
  )
}

function Times({ session, hero: { round }, change }: { session: Session<AttendeeCards>; hero: Meeting; change: Change | null }) {
  const old = change && session.cardsOf('round').get(change.from.round ?? '')
  return (
    <>
      {old && old !== round && <div><s><ScreenReaderText>{t('change.before')}</ScreenReaderText>{spanOf(old.now)}</s></div>}
      {round && <div>{spanOf(round.now)}</div>}
    </>
  )
}

/**
 * Interpreting names the interpreter, or says that none is assigned yet; a meeting without a pair
 * needs none.
 */
function Interpreting({ card }: { card: Meeting['card'] }) {
  if (!card.pair) return null
  return (
    <p>
      {card.interpreter ? <>{t('word.interpreter')}: <Name of={card.interpreter} /></> : t('interpreter.none')}
      <span class="soft"> {pairName(card.pair)}</span>
    </p>
  )
}

/** NoMeeting says why there is no meeting to go to. */
export function NoMeeting({ standing, whole }: { standing: Situation; whole: boolean }) {
  const what = whole ? standing : 'loading'
  return (
    <section class="card nothing">
      <Icon d={what === 'over' ? checkIcon : clockIcon} />
      <h2>{t(`nothing.${what}`)}</h2>
      {what !== 'loading' && <p class="soft">{t(`nothingMore.${what}`)}</p>}
    </section>
  )
}
