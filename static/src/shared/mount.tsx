// From an address to a page: sign in where the fragment holds a secret, open the
// session, or say plainly why there is none.
import { effect, signal } from '@preact/signals-core'
import { type ComponentType, render } from 'preact'
import { exchange, fromFragment, fromPath, type Opening, openingInPage, type Seat } from '../live/signin'
import { backoff } from '../live/reconnect'
import { openSession, type Session } from './session'
import { Gate, type GateState } from '../ui/signed-out'
import { watchLanguage } from '../ui/language'
import { language, loadWords } from './words'

export interface PageProps<K> {
  session: Session<K>
}

/** mount shows a page; `personal` says that its view is one person's own, `begin` runs once when the session opens. */
export function mount<K>(page: string, Page: ComponentType<PageProps<K>>, personal: boolean, begin?: (session: Session<K>) => void): void {
  watchLanguage()
  const root = document.getElementById('page') as HTMLElement // page.html has it
  const gate = signal<GateState>({ state: 'signingIn' })
  const session = signal<Session<K> | null>(null)
  const Root = () => {
    const s = session.value
    const ended = s?.ended.value
    if (ended) return <Gate gate={{ state: ended }} />
    return s ? <Page session={s} /> : <Gate gate={gate.value} />
  }
  // One effect draws the page anew when any signal that it read changes: small pages need no more. A large one imports
  // @preact/signals beside this, and each of its components then follows its own signals.
  const words = wordsFirst()
  void words.then(() => effect(() => render(<Root />, root)))
  const enter = (arrival: Arrival | null) => {
    if (!arrival) return
    const opened = openSession<K>(arrival.seat, personal, arrival.opening)
    session.value = opened
    void words.then(() => begin?.(opened)) // what it says aloud needs them
  }
  // The same page may be opened with another link while it is there: only the fragment changes then.
  window.addEventListener('hashchange', () => fromFragment(location.hash) && location.reload())
  void arrive(page, gate).then(enter)
}

/** wordsFirst waits for the reader's language; it comes with the page's other files, and signing in goes on meanwhile. */
export async function wordsFirst(): Promise<void> {
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
  seat: Seat
  opening?: Opening | undefined
}

/** arrive answers where this page is, signed in; null where it leaves for another page or stays at the gate. */
export async function arrive(page: string, gate: { value: GateState }): Promise<Arrival | null> {
  const brought = fromFragment(location.hash)
  if (!brought) {
    const seat = fromPath(location.pathname)
    if (!seat) gate.value = { state: 'noLink' }
    return seat && { seat, opening: openingInPage() }
  }
  for (let tries = 0; ; tries++) {
    try {
      const got = await exchange(brought.event, brought.link, brought.secret)
      if ('refused' in got) {
        gate.value = { state: 'refused', code: got.refused }
        return null
      }
      const { event, link, page: path, view } = got
      // The secret leaves the address bar, and with it the history, before anything else happens.
      history.replaceState(null, '', path)
      if (path.startsWith(`/${page}/`)) return { seat: { event, link }, opening: view }
      location.reload() // a link of another role: its own page opens
      return null
    } catch {
      gate.value = { state: 'unreachable' }
      await pause(tries)
    }
  }
}
