// The interpreter's page: the current job, the requests to claim, and the schedule.
import type { PageProps } from '../../shared/mount'
import type { Sent } from '../../shared/session'
import { named, pairName, t } from '../../shared/words'
import { Announcement } from '../../ui/announcement'
import { Announcer } from '../../ui/announcer'
import { Chip, FreshnessChip } from '../../ui/chip'
import { checkIcon, closeIcon } from '../../ui/icons'
import { LanguageSwitch } from '../../ui/language'
import { LostCommands } from '../../ui/lost-commands'
import { Name } from '../../ui/names'
import { Refusals } from '../../ui/refusals'
import { soundOn } from '../../ui/sound'
import { wakeLockState } from '../../ui/wake-lock'
import { CurrentAssignment, NoticeBox, Upcoming } from './assignments'
import { commandLabel } from './command-labels'
import { DutySwitch, EndShift, StartShift } from './duty'
import { ClaimedRequest, Offers } from './offers'
import { type InterpreterCards, screenOf } from './screen'

// words: error.*

export function InterpreterPage({ session }: PageProps<InterpreterCards>) {
  const self = session.singleCard('self')
  const screen = screenOf({
    self,
    rounds: session.cardsOf('round'),
    assignments: session.cardsOf('assignment'),
    offers: session.cardsOf('offer'),
    notices: session.cardsOf('notice'),
    sent: session.sent.value,
  })
  const props = { session, screen }
  const on = screen.duty !== 'off'
  return (
    <div class="column">
      <header class="topbar">
        <h1><Name of={self?.name ?? { en: 'matchfloor' }} />{self && ' · ' + self.pairs.map(pairName).join(', ')}</h1>
        <FreshnessChip freshness={session.freshness.value} eventAt={(device) => session.eventAt(device)} />
      </header>
      <main class="column">
        {!session.hasView.value && <p class="soft" role="status">{t('word.loading')}</p>}
        {[...session.cardsOf('announcement')].map(([id, card]) => <Announcement key={id} card={card} />)}
        {self && (on ? <DutySwitch {...props} /> : <StartShift {...props} />)}
        {screen.notices.map((notice) => <NoticeBox key={notice.id} session={session} notice={notice} />)}
        <Refusals session={session} params={(sent) => whoWasFirst(sent, session.cardsOf('offer').get((sent.body as { request?: string }).request ?? ''))} />
        <LostCommands session={session} labelOf={commandLabel} />
        {screen.claimed && <ClaimedRequest {...props} job={screen.claimed} />}
        {screen.current && <CurrentAssignment {...props} current={screen.current} />}
        {screen.duty === 'on' && <Offers {...props} />}
        {screen.duty === 'break' && <p class="card soft">{t('duty.breakWords')}</p>}
        {self && <Upcoming {...props} />}
      </main>
      <footer class="column">
        {on && <Readiness />}
        {on && <EndShift {...props} />}
        <LanguageSwitch />
      </footer>
      <Announcer />
    </div>
  )
}

/** whoWasFirst returns the claimant's name for a refusal that has only an id. */
function whoWasFirst(sent: Sent, offer: InterpreterCards['offer'] | undefined): Record<string, string> {
  const by = sent.name === 'claimRequest' ? named(offer?.claimant).text : ''
  return by ? { by } : {}
}

/** Readiness says what this phone can do when a request comes, and what it cannot. */
function Readiness() {
  const all = soundOn.value && wakeLockState.value === 'on'
  return (
    <div class="ends">
      <p class="soft">
        {t(soundOn.value ? 'ready.sound' : 'ready.silent')} · {t(`ready.${wakeLockState.value}`)}
      </p>
      <Chip tone={all ? 'jade' : ''} icon={all ? checkIcon : closeIcon}>{t(all ? 'ready.all' : 'ready.partly')}</Chip>
    </div>
  )
}
