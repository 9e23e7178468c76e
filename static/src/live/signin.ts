// Sign-in: the secret comes in the fragment, which browsers do not send. The page sends it once by
// POST and removes it from the address bar before it shows anything.

import type { Snapshot, Welcome } from './frames'
import { parseStored } from './storage'

/** SessionKey names an event and the link that follows it. */
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
  page: string // path of the link's page
  view?: InitialFrames // for an attendee
}

/** InitialFrames are the first frames of a live connection, sent with the page to save a round trip. */
export interface InitialFrames {
  hello: Welcome
  snapshot: Snapshot
}

/** initialFramesInPage returns the frames that the server wrote into the page's HTML. */
export function initialFramesInPage(): InitialFrames | undefined {
  const block = document.getElementById('opening')
  return parseStored<InitialFrames>(block && block.textContent) ?? undefined
}

/**
 * signIn exchanges a secret for a cookie, or returns why it was refused. It rejects if another try
 * may succeed.
 */
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
