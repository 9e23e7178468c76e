// The row of one table: its sign, and a cell for each round with its verdict.
import type { ComponentChildren } from 'preact'
import type { MeetingCard } from '../../shared/cards'
import { type Floor, seat } from '../../shared/floor'
import type { SearchResult } from '../../shared/search'
import { type Named, named, t } from '../../shared/words'
import { Icon } from '../../ui/icon'
import { checkIcon, clockIcon, closeIcon, lockIcon, swapIcon, triangleIcon } from '../../ui/icons'
import { findingWords, inWords, type Names, namesOf, placeName, tableLabel, verdictWords } from './describe'
import type { ModeratorStore } from './moderator-store'
import type { Verdict, VerdictCache } from './move-rules'

interface Props {
  store: ModeratorStore
  floor: Floor
  table: string
  index: number
  rounds: readonly string[]
  top: number
  verdicts: VerdictCache | null
  cursor: number // the column of the tab stop; -1 if it is in another row
  searchResult: SearchResult | null
  pending: ReadonlySet<string>
  now: string
  focused: string
}

/** Row is drawn again only if a prop or a name that it shows has changed; signals ensure that. */
export function Row(props: Props) {
  const { store, floor, table, index, rounds, top, cursor, searchResult, pending } = props
  const card = floor.table.get(table)
  if (!card) return null
  const names = namesOf(store)
  const home = card.home ? named(floor.company.get(card.home)?.name) : null
  return (
    <div class="floor-row" role="row" aria-rowindex={index + 2} style={{ transform: `translateY(${top}px)` }}>
      <div
        class="table-cell"
        role="rowheader"
        data-spot={`${index}:0`}
        tabIndex={cursor === 0 ? 0 : -1}
        data-closed={card.closed ? '' : undefined}
        data-found={searchResult?.tables.has(table) ? '' : undefined}
        aria-label={t(card.closed ? 'mod.tableClosed' : 'word.table', { table: card.label })}
      >
        <b>{card.label}</b>
        {card.closed ? <span class="closed">{t('mod.closed')}</span> : pending.has(table) ? <Icon d={clockIcon} /> : home && <span class="quiet">{home.text}</span>}
      </div>
      {rounds.map((round, column) => (
        <Cell key={round} {...props} names={names} round={round} column={column + 1} />
      ))}
    </div>
  )
}

interface CellProps extends Props {
  names: Names
  round: string
  column: number
}

function Cell(props: CellProps) {
  const { floor, table, round, verdicts, cursor, column, index, searchResult, pending, now, names, focused } = props
  const key = seat(round, table)
  const id = floor.seats.get(key) ?? floor.cancelledSeats.get(key) ?? ''
  const m = floor.meeting.get(id)
  const verdict = verdicts?.at(round, table)
  const lifted = !!verdicts && verdicts.meeting === id
  const blocks = !!verdicts && blocksMove(verdicts, floor, verdict, round, table, id)
  const ended = floor.round.get(round)?.state === 'ended'
  return (
    <div
      class="cell"
      role="gridcell"
      data-spot={`${index}:${column}`}
      data-round={round}
      data-table={table}
      tabIndex={cursor === column ? 0 : -1}
      aria-selected={lifted || id === focused && !!id}
      data-mark={lifted ? 'here' : verdict?.mark}
      data-blocks={blocks ? '' : undefined}
      data-swap={verdict?.swap ? '' : undefined}
      data-empty={m ? undefined : ''}
      data-over={ended ? '' : undefined}
      data-now={round === now ? '' : undefined}
      data-picked={id && id === focused ? '' : undefined}
      data-dim={searchResult && !searchResult.meetings.has(id) && !searchResult.tables.has(table) ? '' : undefined}
      data-pending={id && pending.has(id) ? '' : undefined}
      data-cancelled={m?.cancelled ? '' : undefined}
    >
      {m ? <MeetingCell names={names} m={m} pending={pending.has(id)} mark={markIcon(verdict, lifted)} /> : <EmptyCell names={names} verdict={verdict} />}
      <span class="quiet">{cellDescription(names, m, verdict)}</span>
      <span class="quiet">{placeName(names, { round, table })}, </span>
      {m && verdict?.findings[0] && <span class="why">{shortFinding(names, verdict.findings[0].code, verdict.findings[0].params)}</span>}
    </div>
  )
}

/**
 * blocksMove reports whether the meeting of a cell is itself what collides in that round; its cell
 * is emphasised.
 */
function blocksMove(judge: VerdictCache, floor: Floor, verdict: Verdict | undefined, round: string, table: string, id: string): boolean {
  if (!id || verdict?.mark !== 'hard') return false
  const lifted = floor.meeting.get(judge.meeting)!
  const m = floor.meeting.get(id)!
  if (m.cancelled || lifted.place.round === round) return verdict.findings[0]?.params.meeting === id && lifted.place.table !== table
  const own = new Set([...lifted.host.people, ...lifted.guest.people])
  return [...m.host.people, ...m.guest.people].some((p) => own.has(p)) || (!!lifted.interpreter && m.interpreter === lifted.interpreter)
}

const markIcon = (verdict: Verdict | undefined, lifted: boolean): string | null => {
  if (!verdict || lifted) return null
  if (verdict.mark === 'hard') return closeIcon
  if (verdict.mark === 'soft') return triangleIcon
  return verdict.mark === 'free' && verdict.swap ? swapIcon : null
}

function MeetingCell({ names, m, pending, mark }: { names: Names; m: MeetingCard; pending: boolean; mark: string | null }) {
  return (
    <>
      <Side of={named(names.floor.company.get(m.host.company)?.name)} party={m.host}>
        {mark && <Icon d={mark} />}
      </Side>
      <Side of={named(names.floor.company.get(m.guest.company)?.name)} party={m.guest} />
      {(m.locked || pending) && (
        <span class="cell-signs">
          {m.locked && <Icon d={lockIcon} />}
          {pending && <Icon d={clockIcon} />}
        </span>
      )}
    </>
  )
}

function Side({ of, party, children }: { of: Named; party: MeetingCard['host']; children?: ComponentChildren }) {
  return (
    <span class="side" data-presence={party.presence} data-late={party.graceEnd && party.presence === 'expected' ? '' : undefined}>
      {children}
      <span class="side-name" lang={of.lang}>{of.text}</span>
      {party.presence === 'present' && <Icon d={checkIcon} />}
      {party.presence === 'noShow' && <span class="no-show">{t('mod.noShowShort')}</span>}
    </span>
  )
}

function EmptyCell({ names, verdict }: { names: Names; verdict: Verdict | undefined }) {
  if (!verdict || verdict.mark === 'over' || verdict.mark === 'here') return null
  const first = verdict.findings[0]
  if (verdict.mark === 'free') return <span class="vacant">{t('mod.free')}</span>
  return (
    <span class="vacant">
      <Icon d={verdict.mark === 'hard' ? closeIcon : triangleIcon} />
      <span>{first ? shortFinding(names, first.code, first.params) : ''}</span>
    </span>
  )
}

/** shortFinding returns a finding in the few letters that fit a cell; the line below the grid has all. */
function shortFinding(names: Names, code: string, params: Record<string, string>): string {
  const other = names.floor.meeting.get(params.meeting ?? '')
  const key = `mod.short.${code}` as string
  const words = t(key, { ...inWords(names, params), at: tableLabel(names, other?.place.table) })
  return words === key ? findingWords(names, { code: code as never, params }) : words
}
// words: mod.short.*

/**
 * cellDescription returns what screen readers read in addition to a cell's text: its signs and
 * colours in words.
 */
function cellDescription(names: Names, m: MeetingCard | undefined, verdict: Verdict | undefined): string {
  const parts = m ? [] : [t('mod.empty')]
  if (m?.cancelled) parts.push(t('mod.cancelled'))
  if (m?.locked) parts.push(t('mod.locked'))
  for (const side of ['host', 'guest'] as const) {
    const presence = m?.[side].presence
    if (presence === 'present') parts.push(`${t(`mod.side.${side}`)} ${t(`mod.presence.${presence}`)}`)
  }
  if (verdict) parts.push(verdictWords(names, verdict))
  return parts.map((part) => ', ' + part).join('')
}
