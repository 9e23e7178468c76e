/** Icon is drawn for the eye only, from one of strokes.ts: a word always stands beside it. */
export function Icon({ d }: { d: string }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={d} />
    </svg>
  )
}
