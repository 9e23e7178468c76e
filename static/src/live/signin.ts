// Sign-in: the secret comes in the fragment, which never reaches a server, goes
// out once by POST, and leaves the address bar before anything else is shown.

import type { Snapshot, Welcome } from './frames'
import { parseStored } from './storage'

/** Where a page is: which event, seen by which link. */
export interface SessionKey {
  event: string
  link: string
}

/** fromFragment reads "#event.link.secret". */
export function fromFragment(hash: string): (SessionKey & { secret: string }) | null {
  const [event, link, secret, more] = hash.slice(1).split('.')
  return event && link && secret && more === undefined ? { event, link, secret } : null
}

/** fromPath reads "/page/event/link". */
export function fromPath(path: string): SessionKey | null {
  const [, , event, link, more] = path.split('/')
  return event && link && !more ? { event, link } : null
}

export interface SignedIn extends SessionKey {
  page: string // the path of the link's page
  view?: InitialFrames // of an attendee
}

/** InitialFrames is how the live connection would begin: it saves a first visit the round trip. */
export interface InitialFrames {
  hello: Welcome
  snapshot: Snapshot
}

/** initialFramesInPage returns what the server has put into the page's HTML. */
export function initialFramesInPage(): InitialFrames | undefined {
  const block = document.getElementById('opening')
  return parseStored<InitialFrames>(block && block.textContent) ?? undefined
}

/** signIn turns a secret into this browser's cookie, or returns why not; it rejects where it is worth another try. */
export async function signIn(event: string, link: string, secret: string): Promise<SignedIn | { refused: string }> {
  const answer = await fetch('/api/v1/sign-in', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ event, link, secret }),
  })
  if (answer.ok) return (await answer.json()) as SignedIn
  if (answer.status === 429 || answer.status >= 500) throw new Error(String(answer.status))
  const problem = (await answer.json().catch(() => null)) as { code?: string } | null
  return { refused: problem?.code ?? String(answer.status) }
}
