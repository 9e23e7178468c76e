import { signal } from '@preact/signals-core'

const said = signal('')

/** say hands one sentence to screen readers, which finish the present sentence first. */
export function say(sentence: string): void {
  // The same words again do not change a live region; a space at the end does.
  said.value = said.value === sentence ? sentence + ' ' : sentence
}

/** Announcer is the page's only live region; it must be in the page before anything is said. */
export function Announcer() {
  return (
    <div class="quiet" role="status" aria-live="polite">
      {said.value}
    </div>
  )
}
