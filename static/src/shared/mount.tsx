// From an address to a page: sign in if the fragment holds a secret, open the session, or say why
// there is none.
import { effect, signal } from '@preact/signals-core'
import { type ComponentType, render } from 'preact'
import { backoff } from '../live/reconnect'
import { fromFragment, fromPath, type InitialFrames, initialFramesInPage, type SessionKey, signIn } from '../live/signin'
import { watchLanguage } from '../ui/language'
import { SignedOut, type SignedOutStatus } from '../ui/signed-out'
import { openSession, type Session } from './session'
import { language, loadWords } from './words'

export interface PageProps<K> {
  session: Session<K>
}

/**
 * mount shows a page; `personal` says that its view belongs to one person, `begin` runs once when
 * the session opens.
 */
export function mount<K>(page: string, Page: ComponentType<PageProps<K>>, personal: boolean, begin?: (session: Session<K>) => void): void {
  watchLanguage()
  const root = document.getElementById('page') as HTMLElement // page.html has it
  const status = signal<SignedOutStatus>({ state: 'signingIn' })
  const session = signal<Session<K> | null>(null)
  const Root = () => {
    const s = session.value
    const ended = s?.ended.value
    if (ended) return <SignedOut status={{ state: ended }} />
    return s ? <Page session={s} /> : <SignedOut status={status.value} />
  }
  // One effect draws the page again when a signal that it read changes, which is enough for small
  // pages. Large pages also import @preact/signals, so that each component follows its own signals.
  const words = wordsLoaded()
  void words.then(() => effect(() => render(<Root />, root)))
  const openPage = (arrival: Arrival | null) => {
    if (!arrival) return
    const opened = openSession<K>(arrival.key, personal, arrival.initial)
    session.value = opened
    void words.then(() => begin?.(opened)) // its announcements need them
  }
  // The page may be opened again with another link while it is shown; only the fragment changes
  // then.
  window.addEventListener('hashchange', () => fromFragment(location.hash) && location.reload())
  void enterPage(page, status).then(openPage)
}

/** wordsLoaded waits for the sentences of the reader's language; signing in continues meanwhile. */
export async function wordsLoaded(): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await loadWords(language.value)
    } catch {
      await pause(tries)
    }
  }
}

const pause = (tries: number) => new Promise((again) => setTimeout(again, 500 + backoff(tries, Math.random())))

export interface Arrival {
  key: SessionKey
  initial?: InitialFrames | undefined
}

/**
 * enterPage returns the event and the link of this page after signing in, or null if it leaves for
 * another page or cannot sign in.
 */
export async function enterPage(page: string, status: { value: SignedOutStatus }): Promise<Arrival | null> {
  const fragment = fromFragment(location.hash)
  if (!fragment) {
    const key = fromPath(location.pathname)
    if (!key) status.value = { state: 'noLink' }
    return key && { key, initial: initialFramesInPage() }
  }
  for (let tries = 0; ; tries++) {
    try {
      const signedIn = await signIn(fragment.event, fragment.link, fragment.secret)
      if ('refused' in signedIn) {
        status.value = { state: 'refused', code: signedIn.refused }
        return null
      }
      const { event, link, page: path, view } = signedIn
      // Remove the secret from the address bar, and so from the history, before anything else
      // happens.
      history.replaceState(null, '', path)
      if (path.startsWith(`/${page}/`)) return { key: { event, link }, initial: view }
      location.reload() // a link of another role: its own page opens
      return null
    } catch {
      status.value = { state: 'unreachable' }
      await pause(tries)
    }
  }
}
