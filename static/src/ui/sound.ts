// Sound and vibration, for a person who does not look at the phone.
import { signal } from '@preact/signals-core'

/** Whether the sound is unlocked; browsers allow it only after a touch. */
export const soundOn = signal(false)

let context: AudioContext | undefined

/** unlockSound must be called from within a touch event. */
export function unlockSound(): void {
  context ??= new AudioContext()
  void context.resume().then(
    () => (soundOn.value = true),
    () => (soundOn.value = false),
  )
}

/** unlockAtFirstTouch unlocks the sound at the first touch of the page. */
export function unlockAtFirstTouch(): void {
  window.addEventListener('pointerdown', unlockSound, { once: true })
}

/** alarm vibrates and plays two notes, as far as the phone allows it. */
export function alarm(): void {
  navigator.vibrate?.([220, 110, 220])
  if (!context || !soundOn.peek()) return
  const now = context.currentTime
  const tone = context.createOscillator()
  const volume = context.createGain()
  tone.frequency.setValueAtTime(784, now)
  tone.frequency.setValueAtTime(1047, now + 0.2)
  volume.gain.setValueAtTime(0.3, now)
  volume.gain.exponentialRampToValueAtTime(0.001, now + 0.6)
  tone.connect(volume).connect(context.destination)
  tone.start()
  tone.stop(now + 0.6)
}
