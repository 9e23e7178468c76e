// The organiser's page: the list of events, or one of them, by the fragment of the address: #EVENT
// or #EVENT/SHEET.
import { type Signal, signal, useComputed } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import type { FloorKinds } from '../../shared/floor-kinds'
import type { Session } from '../../shared/session'
import { t } from '../../shared/words'
import { Announcer } from '../../ui/announcer'
import { Icon } from '../../ui/icon'
import { arrowIcon } from '../../ui/icons'
import { LanguageSwitch } from '../../ui/language'
import { SignedOut } from '../../ui/signed-out'
import type { Api, ExportedLinks } from './api'
import { EventPage } from './event'
import { Home } from './home'
import type { OwnLink } from './own-link'
import type { Route } from './route'

interface Props {
  api: Api
  ownLink: OwnLink
  openEvent: (event: string) => Session<FloorKinds>
  route: Signal<Route>
  exported?: ExportedLinks
}

export function OrganiserPage({ api, ownLink, openEvent, route, exported }: Props) {
  const signedOut = useMemo(() => signal(false), [])
  const { event, sheet } = route.value
  const chosen = useComputed(() => route.value.event).value
  const session = useMemo(() => (chosen ? openEvent(chosen) : null), [chosen, ownLink.replaced.value])
  useEffect(() => scrollTo(0, 0), [event, sheet])
  const ended = session?.ended.value
  if (signedOut.value || ended === 'signedOut' || ownLink.replacement.value.state === 'signedOut') return <SignedOut status={{ state: 'signedOut' }} />
  return (
    <div class="organiser">
      <header class="org-bar">
        {event ? <a href="#" class="org-home"><span class="back"><Icon d={arrowIcon} /></span>{t('org.events')}</a> : <h1>{t('org.title')}</h1>}
        <LanguageSwitch />
      </header>
      {!session && <Home api={api} ownLink={ownLink} onSignedOut={() => (signedOut.value = true)} onChosen={(to) => (location.hash = to)} />}
      {session && ended && <main class="org"><p class="trouble" role="alert">{t(`gate.${ended}`)}</p></main>}
      {session && !ended && <EventPage key={chosen} api={api} session={session} sheet={sheet} exported={exported ?? null} />}
      <Announcer />
    </div>
  )
}
