import '../../ui/base.css'
import '../../ui/desk.css'
import './organiser.css'
import './print.css'
import { signal } from '@preact/signals'
import { render } from 'preact'
import type { SessionKey } from '../../live/signin'
import type { FloorKinds } from '../../shared/floor-kinds'
import { enterPage, wordsLoaded } from '../../shared/mount'
import { openSession, type Session } from '../../shared/session'
import { watchLanguage } from '../../ui/language'
import { SignedOut, type SignedOutStatus } from '../../ui/signed-out'
import { httpApi } from './api'
import { OrganiserPage } from './page'
import { routeOf } from './route'

// An organiser's link belongs to the instance, not to one event: the page follows nothing until an
// event is chosen. It keeps its sessions while it is open.
const status = signal<SignedOutStatus>({ state: 'signingIn' })
const key = signal<SessionKey | null>(null)
const route = signal(routeOf(location.hash))
const sessions = new Map<string, Session<FloorKinds>>()

function openEvent(link: string, event: string): Session<FloorKinds> {
  let session = sessions.get(event)
  if (!session) sessions.set(event, (session = openSession<FloorKinds>({ event, link }, false)))
  return session
}

function Root() {
  const link = key.value?.link
  if (!link) return <SignedOut status={status.value} />
  return <OrganiserPage api={httpApi(link)} openEvent={(event) => openEvent(link, event)} route={route} />
}

watchLanguage()
window.addEventListener('hashchange', () => (location.hash.includes('.') ? location.reload() : (route.value = routeOf(location.hash))))
const root = document.getElementById('page')
if (!root) throw new Error('page.html has no #page')
const place = root
void wordsLoaded().then(() => render(<Root />, place))
void enterPage('organiser', status).then((arrival) => (key.value = arrival?.key ?? null))
