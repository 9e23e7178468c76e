// When to reconnect after a close, by its code: PROTOCOL.md, "Close codes".

export type Reconnect =
  | { retryIn: number } // milliseconds
  | { stop: 'signedOut' | 'noEvent' | 'broken' }
  | { reloadIn: number }

/** backoff returns random × min(15 s, 0.5 s · 2ⁿ) for the n-th failure in a row. */
export function backoff(failures: number, random: number): number {
  return random * Math.min(15_000, 500 * 2 ** failures)
}

const finalCodes: Record<number, 'signedOut' | 'noEvent' | 'broken'> = { 1009: 'broken', 4100: 'broken', 4102: 'signedOut', 4103: 'noEvent' }

/**
 * reconnectAfter returns what to do after a close; random is in [0, 1), previous is the code of the
 * close before.
 */
export function reconnectAfter(code: number, previous: number, failures: number, random: number): Reconnect {
  const stop = finalCodes[code]
  if (stop) return { stop }
  if (code === 4101) return { reloadIn: 1_000 + random * 9_000 }
  if (code === 1012) return { retryIn: random * 2_000 }
  if (code === 4001) return { retryIn: 5_000 + random * 10_000 }
  // The server asks to reconnect at once; twice in a row the page backs off.
  if ((code === 4000 || code === 4002) && code !== previous) return { retryIn: 0 }
  return { retryIn: backoff(failures, random) }
}
