// What this device has been told of aloud: nothing is, twice, not even after a reload.
import { deviceStore, parseStored } from '../live/storage'
import type { SessionKey } from '../live/signin'

const maxRemembered = 100

/** takeUnnotified returns of some ids those that were not told of on this device yet, and notes them. */
export function takeUnnotified(session: SessionKey, ids: string[]): string[] {
  const store = deviceStore()
  const key = `mf.told/${session.event}/${session.link}`
  const notified = parseStored<string[]>(store.get(key)) ?? []
  const fresh = ids.filter((id) => !notified.includes(id))
  if (fresh.length) store.set(key, JSON.stringify([...notified, ...fresh].slice(-maxRemembered)))
  return fresh
}
