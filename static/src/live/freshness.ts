// How current the view is. Only received frames decide it, not the socket's readyState and not
// navigator.onLine.

/** live: true now. waking: not confirmed yet. stale: shown in amber with "as of". offline: stale for long. */
export type FreshnessState = 'live' | 'waking' | 'stale' | 'offline'

const staleAfter = 5_000
const offlineAfter = 30_000

export interface Freshness {
  state: FreshnessState
  asOf: number // device time up to which the view was known to be true; 0 means never
}

/** FrameTimes is what the connection records of frames that came and of frames that are due. */
export interface FrameTimes {
  confirmed: boolean // the view has been confirmed since the page was opened
  trueUntil: number // device time up to which the view was true: of the last frame after confirmation, or of the saved view; 0 means none
  dueSince: number // device time since when a frame is due; 0 means none is due
  serverStaleSince: number // device time since when the server cannot reach its log; 0 means that it can
}

/**
 * A visible page pings every 20 s and a hidden one every 60 s: a longer silence means that the
 * device slept.
 */
const sleepThreshold = 75_000

/** freshness is pure: the same times give the same result. */
export function freshness(times: FrameTimes, now: number): Freshness {
  if (times.serverStaleSince) return { state: 'stale', asOf: times.serverStaleSince }
  const waited = times.dueSince ? now - times.dueSince : 0
  if (waited >= offlineAfter) return { state: 'offline', asOf: times.trueUntil }
  if (waited >= staleAfter) return { state: 'stale', asOf: times.trueUntil }
  if (!times.confirmed || now - times.trueUntil > sleepThreshold) return { state: 'waking', asOf: times.trueUntil }
  return { state: 'live', asOf: now }
}
