// Telling a person who is not looking: a chime and a shake, where the phone can.
import { signal } from '@preact/signals-core'

/** Browsers give sound only after a touch. */
export const soundOn = signal(false)

let context: AudioContext | undefined

/** unlockSound is called from within a touch. */
export function unlockSound(): void {
  context ??= new AudioContext()
  void context.resume().then(
    () => (soundOn.value = true),
    () => (soundOn.value = false),
  )
}

/** unlockAtFirstTouch lets the first touch of whatever it is bring the sound. */
export function unlockAtFirstTouch(): void {
  window.addEventListener('pointerdown', unlockSound, { once: true })
}

/** alarm shakes the phone and plays two notes, as far as the phone lets it. */
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
