// What this device has been told of aloud: nothing is, twice, not even after a reload.
import { deviceKeeping, parsed } from '../live/storage'
import type { Seat } from '../live/signin'

const most = 100

/** firstTime answers of some ids those that were not told of on this device yet, and notes them. */
export function firstTime(seat: Seat, ids: string[]): string[] {
  const keeping = deviceKeeping()
  const key = `mf.told/${seat.event}/${seat.link}`
  const told = parsed<string[]>(keeping.get(key)) ?? []
  const fresh = ids.filter((id) => !told.includes(id))
  if (fresh.length) keeping.set(key, JSON.stringify([...told, ...fresh].slice(-most)))
  return fresh
}
