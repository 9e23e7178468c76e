// Keeping the screen on while a shift lasts, where the browser lets a page do so:
// over plain HTTP on a LAN none does, and the page says so.
import { signal } from '@preact/signals-core'

export const awake = signal<'on' | 'off' | 'cannot'>('wakeLock' in navigator ? 'off' : 'cannot')

let wanted = false
let watching = false

export function keepAwake(on: boolean): void {
  wanted = on
  if (awake.peek() === 'cannot') return
  if (!watching) {
    watching = true
    // The lock is lost whenever the page goes out of sight.
    document.addEventListener('visibilitychange', () => void hold())
  }
  void hold()
}

let lock: WakeLockSentinel | null = null

async function hold(): Promise<void> {
  if (!wanted || document.hidden) {
    await lock?.release().catch(() => undefined) // already gone is what is wanted
    lock = null
    awake.value = 'off'
    return
  }
  if (lock && !lock.released) return
  try {
    lock = await navigator.wakeLock.request('screen')
    lock.addEventListener('release', () => (awake.value = 'off'))
    awake.value = 'on'
  } catch {
    awake.value = 'off' // a flat battery forbids it; the next return to the page asks again
  }
}
