import { signal } from '@preact/signals-core'

const said = signal('')

/** say hands one sentence to screen readers, politely: they finish what they are at. */
export function say(sentence: string): void {
  // The same words twice are no change to a live region; a space at the end makes them one.
  said.value = said.value === sentence ? sentence + ' ' : sentence
}

/** Announcer is the page's one live region; it has to be there before anything is said. */
export function Announcer() {
  return (
    <div class="quiet" role="status" aria-live="polite">
      {said.value}
    </div>
  )
}
