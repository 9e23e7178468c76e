import { inWords, mmss, t } from '../shared/words'

/**
 * Countdown shows the time left in digits, with words for screen readers; more than an hour is
 * shown in words.
 */
export function Countdown({ left }: { left: number }) {
  if (left >= 3_600_000) return <span class="countdown">{inWords(left)}</span>
  return (
    <span class="countdown" role="timer" aria-label={inWords(left)} aria-live="off">
      {mmss(left)}
    </span>
  )
}

/** timeLeft returns the label of a countdown, which runs to a start or to an end. */
export const timeLeft = (running: boolean): string => t(running ? 'time.left' : 'time.until')
