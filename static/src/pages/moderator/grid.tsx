// The floor: tables by rounds. Only visible rows are drawn, so that three hundred tables scroll
// like six. One cell is in the tab order; the arrow keys move from it.
import { type ReadonlySignal, signal, useComputed, useSignal } from '@preact/signals'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { hhmm, t } from '../../shared/words'
import { namesOf, roundName, verdictWords } from './describe'
import { type GridPosition, nextPosition, visibleRows } from './grid-keys'
import type { ModeratorStore } from './moderator-store'
import { pressCell, putDown } from './moves'
import { Row } from './row'

/** The cell under the pointer; its verdict is shown below the grid. */
const hoveredCell = signal<{ round: string; table: string } | null>(null)

/** GridContent is what a grid shows: its columns are rounds, its rows tables. */
export interface GridContent {
  rounds: readonly string[]
  tables: readonly string[]
}

interface Props {
  store: ModeratorStore
  content: ReadonlySignal<GridContent>
  /** One round only, as a list by table, for phones. */
  list: boolean
}

export function Grid({ store, content, list }: Props) {
  const frame = useRef<HTMLDivElement>(null)
  const view = useSignal<Viewport>({ top: 0, height: 800, row: list ? 64 : 58 })
  const cursor = useSignal<GridPosition>({ row: 0, column: 1 })
  const wanted = useRef('')
  const { rounds, tables } = content.value
  useMeasure(frame, view)
  useFocus(frame, cursor, wanted)
  useEffect(() => scrollToCurrentRound(frame.current, store, rounds), [list])
  const goTo = (spot: GridPosition) => {
    wanted.current = keyOf(spot)
    cursor.value = spot
  }
  const onKey = (event: KeyboardEvent) => {
    const at = cursor.peek() // keys may come faster than the page is drawn
    if (event.key === 'Escape' && store.lifted.value) return putDown(store)
    const { height, row } = view.peek()
    const extent = { rows: tables.length, columns: rounds.length, page: Math.max(1, Math.floor(height / row) - 1) }
    const to = event.altKey || event.metaKey ? null : nextPosition(event.key, event.ctrlKey, at, extent)
    if (to) {
      goTo(to)
      reveal(frame.current, to, row)
    } else if (event.key === 'Enter' || event.key === ' ') activate(store, content.value, at)
    else return
    event.preventDefault()
  }
  const onClick = (event: MouseEvent) => {
    const cell = positionOf(event.target)
    if (!cell) return
    goTo(cell)
    activate(store, content.value, cell)
  }
  return (
    <div
      ref={frame}
      class={list ? 'floor list' : 'floor'}
      style={{ '--rounds': String(rounds.length) }}
      data-lifted={store.lifted.value ? '' : undefined}
      role="grid"
      aria-label={t('mod.grid')}
      aria-rowcount={tables.length + 1}
      aria-colcount={rounds.length + 1}
      onScroll={(event) => (view.value = { ...view.peek(), top: event.currentTarget.scrollTop })}
      onKeyDown={onKey}
      onPointerOver={(event) => (hoveredCell.value = cellOf(event.target))}
      onPointerLeave={() => (hoveredCell.value = null)}
      onClick={onClick}
    >
      <Head store={store} rounds={rounds} />
      <Body store={store} content={content} view={view} cursor={cursor} />
      {tables.length === 0 && <p class="nothing" role="row"><span role="gridcell">{t('mod.nothingFound')}</span></p>}
    </div>
  )
}

function Head({ store, rounds }: { store: ModeratorStore; rounds: readonly string[] }) {
  return (
    <div class="floor-head" role="rowgroup">
      <div class="floor-row" role="row" aria-rowindex={1}>
        <span class="corner" role="columnheader">{t('mod.tables')}</span>
        {rounds.map((id) => (
          <RoundHead key={id} store={store} id={id} />
        ))}
      </div>
    </div>
  )
}

/** Viewport is the visible part of the rows, in pixels. */
interface Viewport {
  top: number
  height: number
  row: number
}

interface BodyProps {
  store: ModeratorStore
  content: ReadonlySignal<GridContent>
  view: ReadonlySignal<Viewport>
  cursor: ReadonlySignal<GridPosition>
}

/** Body draws the visible rows, and the row with the cursor: a row that scrolls away must keep the focus. */
function Body({ store, content, view, cursor }: BodyProps) {
  const row = useComputed(() => view.value.row).value
  // As text, so that scrolling within the same rows draws nothing.
  const range = useComputed(() => {
    const { first, end } = visibleRows(view.value.top, view.value.height, view.value.row, content.value.tables.length)
    return `${first} ${end}`
  }).value
  const [first = 0, end = 0] = range.split(' ').map(Number)
  const at = cursor.value
  const { rounds, tables } = content.value
  const rows = [...Array(end - first).keys()].map((i) => i + first)
  if (at.row < tables.length && (at.row < first || at.row >= end)) rows.push(at.row)
  return (
    <div class="floor-body" role="rowgroup" style={{ height: `${tables.length * row}px` }}>
      {rows.map((index) => (
        <Row
          key={tables[index]}
          store={store}
          floor={store.floor.value}
          table={tables[index]!}
          index={index}
          rounds={rounds}
          top={index * row}
          verdicts={store.verdicts.value}
          cursor={at.row === index ? at.column : -1}
          searchResult={store.searchResult.value}
          pending={store.pending.value}
          now={store.currentSlot.value?.id ?? ''}
          focused={focusedMeeting(store)}
        />
      ))}
    </div>
  )
}

const focusedMeeting = (store: ModeratorStore): string => {
  const focus = store.focus.value
  return focus && 'meeting' in focus ? focus.meeting : ''
}

function RoundHead({ store, id }: { store: ModeratorStore; id: string }) {
  const round = store.floor.value.round.get(id)
  if (!round) return null
  const running = round.state === 'running'
  const now = store.currentSlot.value?.id === id
  return (
    <span class="round-head" role="columnheader" data-state={round.state} data-now={now ? '' : undefined}>
      <b>{t('word.round', { no: round.no })}</b> {hhmm(round.now.start)}
      {running && <span class="now">{t('word.now')}</span>}
      {round.state === 'ended' && <span class="over">{t('mod.state.ended')}</span>}
    </span>
  )
}

/** VerdictLine says what the drop under the pointer would do. */
export function VerdictLine({ store }: { store: ModeratorStore }) {
  const verdicts = store.verdicts.value
  const spot = hoveredCell.value
  if (!verdicts) return null
  const names = namesOf(store)
  const verdict = spot && verdicts.at(spot.round, spot.table)
  return (
    <p class="verdict" data-mark={verdict?.mark ?? ''}>
      {verdict && spot
        ? `${names.floor.table.get(spot.table)?.label ?? ''} · ${roundName(names, spot.round)}: ${verdictWords(names, verdict)}`
        : t('mod.whereTo')}
    </p>
  )
}

function activate(store: ModeratorStore, { rounds, tables }: GridContent, { row, column }: GridPosition): void {
  const table = tables[row]
  if (!table) return
  const round = rounds[column - 1]
  if (column === 0) {
    store.lifted.value = null
    store.focus.value = { table }
  } else if (round) pressCell(store, round, table)
}

/** useMeasure measures the height of the frame and of a row in pixels; the reader's text size decides them. */
function useMeasure(frame: { current: HTMLDivElement | null }, view: { value: Viewport }): void {
  useLayoutEffect(() => {
    const el = frame.current
    if (!el) return
    const measure = () => {
      const row = parseFloat(getComputedStyle(el).getPropertyValue('--row-rem')) * parseFloat(getComputedStyle(document.documentElement).fontSize)
      view.value = { top: el.scrollTop, height: el.clientHeight || 800, row: row || view.value.row }
    }
    measure()
    const watch = new ResizeObserver(measure)
    watch.observe(el)
    return () => watch.disconnect()
  }, [])
}

/** useFocus moves the focus to the cursor after it moved, but never before the grid was used. */
function useFocus(frame: { current: HTMLDivElement | null }, cursor: { value: GridPosition }, wanted: { current: string }): void {
  const at = keyOf(cursor.value)
  useEffect(() => {
    if (wanted.current !== at) return
    wanted.current = ''
    frame.current?.querySelector<HTMLElement>(`[data-spot="${at}"]`)?.focus({ preventScroll: true })
  })
}

/** scrollToCurrentRound scrolls the current round to the left edge. */
function scrollToCurrentRound(el: HTMLDivElement | null, store: ModeratorStore, rounds: readonly string[]): void {
  const at = rounds.indexOf(store.currentSlot.peek()?.id ?? '')
  const head = el?.querySelectorAll<HTMLElement>('.round-head')[at]
  const corner = el?.querySelector<HTMLElement>('.corner')
  if (el && head && corner && at > 0) el.scrollLeft = Math.max(0, head.offsetLeft - corner.offsetWidth)
}

/** reveal scrolls a position into sight, clear of the sticky head and first column. */
function reveal(el: HTMLDivElement | null, { row, column }: GridPosition, height: number): void {
  if (!el) return
  const head = el.querySelector<HTMLElement>('.floor-head')?.offsetHeight ?? 0
  const top = row * height
  if (top < el.scrollTop) el.scrollTop = top
  else if (top + height > el.scrollTop + el.clientHeight - head) el.scrollTop = top + height - el.clientHeight + head
  const first = el.querySelector<HTMLElement>('.corner')?.offsetWidth ?? 0
  const cell = el.querySelectorAll<HTMLElement>('.round-head')[column - 1]
  if (!cell) return
  if (cell.offsetLeft - first < el.scrollLeft) el.scrollLeft = cell.offsetLeft - first
  else if (cell.offsetLeft + cell.offsetWidth > el.scrollLeft + el.clientWidth) el.scrollLeft = cell.offsetLeft + cell.offsetWidth - el.clientWidth + 12
}

const keyOf = ({ row, column }: GridPosition): string => `${row}:${column}`

function positionOf(target: EventTarget | null): GridPosition | null {
  const spot = (target as HTMLElement | null)?.closest<HTMLElement>('[data-spot]')?.dataset.spot
  const [row, column] = (spot ?? '').split(':').map(Number)
  return spot && row !== undefined && column !== undefined ? { row, column } : null
}

function cellOf(target: EventTarget | null): { round: string; table: string } | null {
  const cell = (target as HTMLElement | null)?.closest<HTMLElement>('[data-round]')
  const { round, table } = cell?.dataset ?? {}
  return round && table ? { round, table } : null
}
