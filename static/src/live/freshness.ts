// What the link chip may say. It is derived from received frames only: neither
// the socket's readyState nor navigator.onLine has a say.

/** live: true now. waking: not yet told again. stale: amber, "as of". offline: the same, for long. */
export type LinkState = 'live' | 'waking' | 'stale' | 'offline'

export const staleAfter = 5_000
export const offlineAfter = 30_000

export interface Freshness {
  state: LinkState
  asOf: number // device time up to which what is shown was known to be true; 0: never
}

/** Heard is what the connection notes of the frames that come and of those that are due. */
export interface Heard {
  met: boolean // the view has been confirmed since this page was opened
  last: number // device time up to which what is shown was true: the last frame's after that, or the kept view's; 0: none
  due: number // since when a frame is due that has not come; 0: none is due
  serverStale: number // device time since when the server cannot reach its log; 0: it can
}

/** A page asks for a frame every 20 s in sight and every 60 s out of sight: silence beyond this was sleep. */
const slept = 75_000

/** freshness is pure: the same frames and the same time give the same word. */
export function freshness(heard: Heard, now: number): Freshness {
  if (heard.serverStale) return { state: 'stale', asOf: heard.serverStale }
  const waited = heard.due ? now - heard.due : 0
  if (waited >= offlineAfter) return { state: 'offline', asOf: heard.last }
  if (waited >= staleAfter) return { state: 'stale', asOf: heard.last }
  if (!heard.met || now - heard.last > slept) return { state: 'waking', asOf: heard.last }
  return { state: 'live', asOf: now }
}
