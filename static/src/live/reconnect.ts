// When to come back after a connection ended, by close code: PROTOCOL.md, "Close codes".

export type Return =
  | { again: number } // after so many milliseconds
  | { stop: 'signedOut' | 'noEvent' | 'broken' }
  | { reload: number }

/** backoff answers random × min(15 s, 0.5 s · 2ⁿ) for the n-th failure in a row. */
export function backoff(failures: number, random: number): number {
  return random * Math.min(15_000, 500 * 2 ** failures)
}

const ends: Record<number, 'signedOut' | 'noEvent' | 'broken'> = { 1009: 'broken', 4100: 'broken', 4102: 'signedOut', 4103: 'noEvent' }

/** comeBack answers what follows a close; random is in [0, 1), before is the code of the close before. */
export function comeBack(code: number, before: number, failures: number, random: number): Return {
  const stop = ends[code]
  if (stop) return { stop }
  if (code === 4101) return { reload: 1_000 + random * 9_000 }
  if (code === 1012) return { again: random * 2_000 }
  if (code === 4001) return { again: 5_000 + random * 10_000 }
  // Told to come at once, but not in a circle where the server keeps saying so.
  if ((code === 4000 || code === 4002) && code !== before) return { again: 0 }
  return { again: backoff(failures, random) }
}
