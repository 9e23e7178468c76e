import '../../ui/base.css'
import '../../ui/desk.css'
import './organiser.css'
import './links.css'
import './print.css'
import { signal } from '@preact/signals'
import { render } from 'preact'
import { useMemo } from 'preact/hooks'
import type { SessionKey } from '../../live/signin'
import { deviceStore } from '../../live/storage'
import type { FloorKinds } from '../../shared/floor-kinds'
import { enterPage, wordsLoaded } from '../../shared/mount'
import { openSession, type Session } from '../../shared/session'
import { watchLanguage } from '../../ui/language'
import { SignedOut, type SignedOutStatus } from '../../ui/signed-out'
import { httpApi } from './api'
import { OwnLink } from './own-link'
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

/** Page is the page of a link. */
function Page({ link }: { link: string }) {
  const api = useMemo(() => httpApi(link), [link])
  const ownLink = useMemo(() => new OwnLink(api, deviceStore(), link), [link])
  // With the link, its sessions are replaced.
  useMemo(() => sessions.clear(), [ownLink.replaced.value])
  return <OrganiserPage api={api} ownLink={ownLink} openEvent={(event) => openEvent(link, event)} route={route} />
}

function Root() {
  const link = key.value?.link
  return link ? <Page link={link} /> : <SignedOut status={status.value} />
}

watchLanguage()
window.addEventListener('hashchange', () => (location.hash.includes('.') ? location.reload() : (route.value = routeOf(location.hash))))
const root = document.getElementById('page')
if (!root) throw new Error('page.html has no #page')
const place = root
void wordsLoaded().then(() => render(<Root />, place))
void enterPage('organiser', status).then((arrival) => (key.value = arrival?.key ?? null))
