// What a display shows at a time: the tables of a round, or the agenda. Pure.
import type { BoardCard, ItemCard, RoundCard, SeatCard, Text } from '../../shared/cards'

const minute = 60_000

/** Milliseconds before its start from which the tables of a round are shown. */
const showBefore = 15 * minute

/** Milliseconds of event time for which a moved row is marked. */
const changedDuration = minute

/** Milliseconds of device time for which a page is shown; a reader needs ten seconds to find a row. */
export const pageDuration = 12_000

export interface RoundShown {
  id: string
  round: RoundCard
  /** It is running; otherwise it is still to come. */
  running: boolean
}

/** roundShown returns the round whose tables are shown, or null if none is near and the agenda is shown. */
export function roundShown(rounds: ReadonlyMap<string, RoundCard>, items: ReadonlyMap<string, ItemCard>, now: number): RoundShown | null {
  const line = [...rounds].sort(([, a], [, b]) => a.no - b.no)
  const find = (holds: (round: RoundCard) => boolean): RoundShown | null => {
    const found = line.find(([, round]) => holds(round))
    return found ? { id: found[0], round: found[1], running: found[1].state === 'running' } : null
  }
  const talking = [...items.values()].some((item) => item.kind !== 'matching' && item.kind !== 'break' && item.state === 'running')
  return (
    find((r) => r.state === 'running') ??
    find((r) => r.state === 'called' || r.state === 'calledLast') ??
    (talking ? null : find((r) => r.state === 'planned' && Math.abs(r.now.start - now) <= showBefore))
  )
}

/** nextRound returns the round after one, or the first that has not ended. */
export function nextRound(rounds: ReadonlyMap<string, RoundCard>, after: RoundCard | undefined): RoundCard | undefined {
  return [...rounds.values()].sort((a, b) => a.no - b.no).find((r) => r.state !== 'ended' && r.no > (after?.no ?? 0))
}

export interface BoardRow {
  key: string
  label: string
  host?: Text
  guest?: Text
  interpreted: boolean
  changed: boolean
  cancelled: boolean
  closed: boolean
}

const collator = new Intl.Collator('en', { numeric: true })

/** boardRows returns the tables of a round that people look for: those with a meeting, and closed ones. */
export function boardRows(seats: ReadonlyMap<string, SeatCard>, boards: ReadonlyMap<string, BoardCard>, round: string, now: number): BoardRow[] {
  const rows = new Map<string, BoardRow>()
  boards.forEach((board, key) => {
    if (board.closed) rows.set(tableOf(key), empty(tableOf(key), board.label))
  })
  seats.forEach((seat) => {
    if (seat.round !== round) return
    const there = rows.get(seat.table)
    if (there?.host && seat.cancelled) return // a meeting that takes place hides a cancelled one
    rows.set(seat.table, {
      key: seat.table,
      label: seat.label,
      host: seat.host,
      guest: seat.guest,
      interpreted: !!seat.interpreted,
      changed: seat.movedAt !== undefined && now - seat.movedAt >= 0 && now - seat.movedAt < changedDuration,
      cancelled: !!seat.cancelled,
      closed: there?.closed ?? false,
    })
  })
  return [...rows.values()].sort((a, b) => collator.compare(a.label, b.label) || (a.key < b.key ? -1 : 1))
}

const empty = (key: string, label: string): BoardRow => ({ key, label, interpreted: false, changed: false, cancelled: false, closed: true })
const tableOf = (key: string): string => key.slice(key.indexOf(':') + 1)

/** columnsFor returns one wide column if all rows fit it, else as many as fit. */
export const columnsFor = (rows: number, columns: number, perColumn: number): number => (rows <= perColumn ? 1 : columns)

/** widthOf returns the width of a name in widths of a Chinese character, by which its size is chosen. */
export const widthOf = (name: string): number => [...name].reduce((sum, c) => sum + (c.codePointAt(0)! > 0x2e80 ? 1 : 0.56), 0)

/** paged splits rows into pages of columns that are read downwards, as even as possible. */
export function paged<T>(rows: readonly T[], columns: number, perColumn: number): T[][][] {
  const room = Math.max(1, columns * perColumn)
  const count = Math.max(1, Math.ceil(rows.length / room))
  const size = Math.ceil(rows.length / count)
  return [...Array(count).keys()].map((p) => {
    const page = rows.slice(p * size, (p + 1) * size)
    const height = Math.ceil(page.length / columns)
    return [...Array(columns).keys()].map((c) => page.slice(c * height, (c + 1) * height))
  })
}

export interface AgendaEntry {
  id: string
  item: ItemCard
  current: boolean
}

/** agendaShown returns the current and the coming items in order, without ended ones. */
export function agendaShown(items: ReadonlyMap<string, ItemCard>, now: number): AgendaEntry[] {
  const current = ({ state, now: span, kind }: ItemCard): boolean =>
    state === 'running' || (state !== 'ended' && kind !== 'talk' && span.start <= now && now < span.end)
  return [...items]
    .filter(([, item]) => item.state !== 'ended' && (item.state === 'running' || item.now.end > now))
    .sort(([, a], [, b]) => a.now.start - b.now.start)
    .map(([id, item]) => ({ id, item, current: current(item) }))
}
