/** Icon draws one path of icons.ts, hidden from screen readers: a word must stand next to it. */
export function Icon({ d }: { d: string }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={d} />
    </svg>
  )
}
