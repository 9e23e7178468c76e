// What the link chip may say. It is derived from received frames only: neither
// the socket's readyState nor navigator.onLine has a say.

/** live: true now. waking: not yet told again. stale: amber, "as of". offline: the same, for long. */
export type FreshnessState = 'live' | 'waking' | 'stale' | 'offline'

export const staleAfter = 5_000
export const offlineAfter = 30_000

export interface Freshness {
  state: FreshnessState
  asOf: number // device time up to which what is shown was known to be true; 0: never
}

/** FrameTimes is what the connection notes of the frames that come and of those that are due. */
export interface FrameTimes {
  confirmed: boolean // the view has been confirmed since this page was opened
  trueUntil: number // device time up to which what is shown was true: the last frame's after that, or the kept view's; 0: none
  dueSince: number // since when a frame is due that has not come; 0: none is due
  serverStaleSince: number // device time since when the server cannot reach its log; 0: it can
}

/** A page asks for a frame every 20 s in sight and every 60 s out of sight: silence beyond this was sleep. */
const sleepThreshold = 75_000

/** freshness is pure: the same frames and the same time give the same word. */
export function freshness(times: FrameTimes, now: number): Freshness {
  if (times.serverStaleSince) return { state: 'stale', asOf: times.serverStaleSince }
  const waited = times.dueSince ? now - times.dueSince : 0
  if (waited >= offlineAfter) return { state: 'offline', asOf: times.trueUntil }
  if (waited >= staleAfter) return { state: 'stale', asOf: times.trueUntil }
  if (!times.confirmed || now - times.trueUntil > sleepThreshold) return { state: 'waking', asOf: times.trueUntil }
  return { state: 'live', asOf: now }
}
