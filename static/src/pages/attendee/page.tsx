// The attendee's page: where to be now, and at most one action.
import type { PageProps } from '../../shared/mount'
import type { Session } from '../../shared/session'
import { Announcement } from '../../ui/announcement'
import { Announcer } from '../../ui/announcer'
import { FreshnessChip } from '../../ui/chip'
import { LanguageSwitch } from '../../ui/language'
import { LostCommands } from '../../ui/lost-commands'
import { Name } from '../../ui/names'
import { Refusals } from '../../ui/refusals'
import { ChangedMeeting } from './changed'
import { commandLabel } from './command-labels'
import { NextMeeting, NoMeeting } from './next-meeting'
import { Programme } from './programme'
import { InterpreterRequest } from './request'
import { type AttendeeCards, type Meeting, type Screen, screenOf } from './screen'

// The refusals that a person can cause; any other is shown by its code.
// words: error.stale, error.request_open

export function AttendeePage({ session }: PageProps<AttendeeCards>) {
  const event = session.singleCard('event')
  const screen = screenOf({
    event,
    rounds: session.cardsOf('round'),
    items: session.cardsOf('item'),
    meetings: session.cardsOf('meeting'),
    notices: session.cardsOf('notice'),
    sent: session.sent.value,
  })
  const me = session.singleCard('me')
  return (
    <div class="column">
      <header class="topbar">
        <h1><Name of={event?.name ?? { en: 'matchfloor' }} /></h1>
        <FreshnessChip freshness={session.freshness.value} eventAt={(device) => session.eventAt(device)} />
      </header>
      <main class="column">
        {[...session.cardsOf('announcement')].map(([id, card]) => <Announcement key={id} card={card} />)}
        <Top session={session} screen={screen} />
        <Refusals session={session} />
        <LostCommands session={session} labelOf={commandLabel} />
        <Programme screen={screen} now={session.now.value} />
      </main>
      <footer>
        {me && <p class="soft small"><Name of={me.name} /> · <Name of={me.companyName} /></p>}
        <LanguageSwitch />
      </footer>
      <Announcer />
    </div>
  )
}

/** Top is what the reader looks at first. Of all buttons that say "Got it", only the first is filled. */
function Top({ session, screen }: { session: Session<AttendeeCards>; screen: Screen }) {
  const { nextMeeting } = screen
  const asks = !!screen.change || screen.calls.length > 0
  return (
    <>
      {screen.others.map((change, i) => (
        <ChangedMeeting key={change.meeting.id} session={session} change={change} first={i === 0 && !asks} />
      ))}
      {nextMeeting ? <NextMeeting session={session} screen={screen} hero={nextMeeting} /> : <NoMeeting standing={screen.situation} whole={session.hasView.value} />}
      {nextMeeting && near(nextMeeting, session.now.value) && <InterpreterRequest session={session} meeting={nextMeeting} />}
    </>
  )
}

/**
 * near reports whether an interpreter may be called: the meeting is on or close. A call hours ahead
 * would send one to an empty table.
 */
const near = ({ round }: Meeting, now: number) => !!round && (round.state !== 'planned' || round.now.start - now < 30 * 60_000)
