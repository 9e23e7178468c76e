// What this device has been notified of: nothing is repeated, not even after a reload.
import type { SessionKey } from '../live/signin'
import { deviceStore, parseStored } from '../live/storage'

const maxRemembered = 100

/** takeUnnotified returns the ids that this device has not been notified of yet, and records them. */
export function takeUnnotified(session: SessionKey, ids: string[]): string[] {
  const store = deviceStore()
  const key = `mf.told/${session.event}/${session.link}`
  const notified = parseStored<string[]>(store.get(key)) ?? []
  const fresh = ids.filter((id) => !notified.includes(id))
  if (fresh.length) store.set(key, JSON.stringify([...notified, ...fresh].slice(-maxRemembered)))
  return fresh
}
