// The interpreter's own schedule, and its changes.
import type { Session } from '../../shared/session'
import { hhmm, spanOf, t } from '../../shared/words'
import { Chip } from '../../ui/chip'
import { Countdown, timeLeft } from '../../ui/countdown'
import { Icon } from '../../ui/icon'
import { alertIcon, arrowIcon, bellIcon, closeIcon, dotIcon } from '../../ui/icons'
import { CompanyPair, Name, ScreenReaderText, TableNumber } from '../../ui/names'
import type { Assignment, InterpreterCards, Notice, Screen } from './screen'

interface Props {
  session: Session<InterpreterCards>
  screen: Screen
}

export function CurrentAssignment({ session, current: { card, round } }: Props & { current: Assignment }) {
  const left = (round?.now.end ?? 0) - session.now.value
  return (
    <section class="card job" aria-label={t('assignment.now')}>
      <div class="ends">
        <Chip tone="jade" icon={dotIcon}>{t('assignment.now')}</Chip>
        <span class="soft">{round && t('word.round', { no: round.no })}</span>
      </div>
      <p class="place"><TableNumber label={card.place.label} /></p>
      <p class="strong"><CompanyPair host={card.host} guest={card.guest} /></p>
      <div class="ends">
        <div>{left > 0 ? <><div class="soft">{timeLeft(true)}</div><Countdown left={left} /></> : <b>{t('time.over')}</b>}</div>
        <div class="aside soft">
          {round && <div>{spanOf(round.now)}</div>}
          <div><Name of={session.cardsOf('zone').get(card.place.zone ?? '')?.name} /></div>
        </div>
      </div>
    </section>
  )
}

export function Upcoming({ screen }: Props) {
  return (
    <section>
      <h2 class="label">{t('assignment.label')}</h2>
      {!screen.ahead.length && <p class="card soft">{t(screen.current ? 'assignment.noMore' : 'assignment.none')}</p>}
      <ul class="stack">
        {screen.ahead.map((a) => <li key={a.id}><Line assignment={a} /></li>)}
      </ul>
    </section>
  )
}

function Line({ assignment: { card, round } }: { assignment: Assignment }) {
  const called = round?.state === 'called' || round?.state === 'calledLast'
  return (
    <article class={'card offer ' + (called && !card.cancelled ? 'called' : '')}>
      <div class="line">
        <div class="what">
          <b>{round ? `${hhmm(round.now.start)} · ${t('word.round', { no: round.no })}` : t('assignment.unplaced')}</b>
          <span class="soft"><CompanyPair host={card.host} guest={card.guest} /></span>
          {called && !card.cancelled && <span><Chip tone="amber" icon={bellIcon}>{t('assignment.called')}</Chip></span>}
          {card.cancelled && <span class="sign red"><Icon d={closeIcon} /> {t('changed.cancelled')}</span>}
        </div>
        {!card.cancelled && card.place.label && <b class="number small"><ScreenReaderText>{t('word.tableSign')}</ScreenReaderText>{card.place.label}</b>}
      </div>
    </article>
  )
}

/** NoticeBox shows a notice until it is acknowledged. */
export function NoticeBox({ session, notice: { id, card, assignment } }: { session: Session<InterpreterCards>; notice: Notice }) {
  const cancelled = card.kind === 'cancelled'
  const round = session.cardsOf('round').get(assignment?.place.round ?? card.round ?? '')
  return (
    <section class={'card job ' + (cancelled ? 'missed' : card.kind === 'call' ? 'called' : 'changed pulse')} role="status">
      <div class="ends">
        <Chip tone={cancelled ? 'red' : 'amber'} icon={cancelled ? closeIcon : card.kind === 'call' ? bellIcon : alertIcon}>{t(noticeWords(card))}</Chip>
        <span class="soft">{round && `${hhmm(round.now.start)} · ${t('word.round', { no: round.no })}`}</span>
      </div>
      {assignment && (
        <div class="ends">
          <p class="strong"><CompanyPair host={assignment.host} guest={assignment.guest} /></p>
          {card.kind === 'moved' && (
            <p class="place compact">
              {card.from?.label && card.from.label !== assignment.place.label && <s><ScreenReaderText>{t('change.before')}</ScreenReaderText>{card.from.label}</s>}
              <Icon d={arrowIcon} />
              <b>{assignment.place.label ?? t('change.noTable')}</b>
            </p>
          )}
        </div>
      )}
      <button type="button" class="button small" onClick={() => session.send('seen', { notices: [id] }, { checked: false })}>
        {t('word.gotIt')}
      </button>
    </section>
  )
}

function noticeWords(card: Notice['card']): string {
  if (card.kind === 'call') return card.last ? 'hero.calledLast' : 'hero.called'
  return card.kind === 'cancelled' ? 'changed.cancelled' : card.undo ? 'changed.back' : 'changed.moved'
}
