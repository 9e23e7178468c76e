// Keeping the screen on while a shift lasts, where the browser lets a page do so:
// over plain HTTP on a LAN none does, and the page says so.
import { signal } from '@preact/signals-core'

export const wakeLockState = signal<'on' | 'off' | 'cannot'>('wakeLock' in navigator ? 'off' : 'cannot')

let wanted = false
let watching = false

export function keepScreenOn(on: boolean): void {
  wanted = on
  if (wakeLockState.peek() === 'cannot') return
  if (!watching) {
    watching = true
    // The lock is lost whenever the page goes out of sight.
    document.addEventListener('visibilitychange', () => void update())
  }
  void update()
}

let lock: WakeLockSentinel | null = null

async function update(): Promise<void> {
  if (!wanted || document.hidden) {
    await lock?.release().catch(() => undefined) // already gone is what is wanted
    lock = null
    wakeLockState.value = 'off'
    return
  }
  if (lock && !lock.released) return
  try {
    lock = await navigator.wakeLock.request('screen')
    lock.addEventListener('release', () => (wakeLockState.value = 'off'))
    wakeLockState.value = 'on'
  } catch {
    wakeLockState.value = 'off' // a flat battery forbids it; the next return to the page asks again
  }
}
