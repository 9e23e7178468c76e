import { inWords, mmss, t } from '../shared/words'

/** Countdown is the time left in digits, and in words for the ear; what is hours off is in words for all. */
export function Countdown({ left }: { left: number }) {
  if (left >= 3_600_000) return <span class="countdown">{inWords(left)}</span>
  return (
    <span class="countdown" role="timer" aria-label={inWords(left)} aria-live="off">
      {mmss(left)}
    </span>
  )
}

/** timeLeft returns the words above a countdown: it runs to a start, or to an end. */
export const timeLeft = (running: boolean): string => t(running ? 'time.left' : 'time.until')
