import '../../ui/base.css'
import '../../ui/desk.css'
import './organiser.css'
import './print.css'
import { signal } from '@preact/signals'
import { render } from 'preact'
import type { Seat } from '../../live/signin'
import type { FloorKinds } from '../../shared/floor-kinds'
import { arrive, wordsFirst } from '../../shared/mount'
import { openSession, type Session } from '../../shared/session'
import { Gate, type GateState } from '../../ui/signed-out'
import { watchLanguage } from '../../ui/language'
import { httpApi } from './api'
import { OrganiserPage } from './page'
import { where } from './route'

// An organiser's link is of the instance, not of one event: there is nothing to follow live
// until an event is chosen. Its sessions are kept for as long as the page is open.
const gate = signal<GateState>({ state: 'signingIn' })
const seat = signal<Seat | null>(null)
const at = signal(where(location.hash))
const sessions = new Map<string, Session<FloorKinds>>()

function openEvent(link: string, event: string): Session<FloorKinds> {
  let session = sessions.get(event)
  if (!session) sessions.set(event, (session = openSession<FloorKinds>({ event, link }, false)))
  return session
}

function Root() {
  const link = seat.value?.link
  if (!link) return <Gate gate={gate.value} />
  return <OrganiserPage api={httpApi(link)} openEvent={(event) => openEvent(link, event)} at={at} />
}

watchLanguage()
window.addEventListener('hashchange', () => (location.hash.includes('.') ? location.reload() : (at.value = where(location.hash))))
const root = document.getElementById('page')
if (!root) throw new Error('page.html has no #page')
const place = root
void wordsFirst().then(() => render(<Root />, place))
void arrive('organiser', gate).then((arrival) => (seat.value = arrival?.seat ?? null))
