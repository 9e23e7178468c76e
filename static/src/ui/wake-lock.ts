// Keeps the screen on during a shift if the browser allows it. Over plain HTTP on a LAN no browser
// does, and the page says so.
import { signal } from '@preact/signals-core'

export const wakeLockState = signal<'on' | 'off' | 'cannot'>('wakeLock' in navigator ? 'off' : 'cannot')

let wanted = false
let watching = false

export function keepScreenOn(on: boolean): void {
  wanted = on
  if (wakeLockState.peek() === 'cannot') return
  if (!watching) {
    watching = true
    // The browser releases the lock when the page is hidden.
    document.addEventListener('visibilitychange', () => void update())
  }
  void update()
}

let lock: WakeLockSentinel | null = null

async function update(): Promise<void> {
  if (!wanted || document.hidden) {
    await lock?.release().catch(() => undefined) // the lock may be released already
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
    wakeLockState.value = 'off' // a low battery forbids it; the page asks again when it becomes visible
  }
}
