// What a move would do, shown before it is made. These are the rules of package floor
// (decide_meeting.go: fits, free, exchange, noteSoft); a golden file of floor holds them to that,
// and the server decides.
import type { Code, MeetingCard, Place } from '../../shared/cards'
import { type Floor, participants, placeOf, seat, seated } from '../../shared/floor'

export interface Finding {
  code: Code
  params: Record<string, string>
}

/** here: its present place. over: the round has ended. hard: refused. soft: allowed, with a warning. */
export type Mark = 'here' | 'over' | 'hard' | 'soft' | 'free'

export interface Verdict {
  mark: Mark
  /** The meeting that would change places with the moved one. */
  swap?: string
  /** The move is possible only without the interpreter, who has another meeting in that round. */
  without?: boolean
  /** The reason if it is hard, or the warnings if it is soft. */
  findings: readonly Finding[]
}

export type MayChangeAt = (table: string) => boolean
type FullPlace = Required<Place>

const finding = (code: Code, params: Record<string, string>): Finding => ({ code, params })
const hard = (finding: Finding, swap?: string): Verdict => ({ mark: 'hard', findings: [finding], ...(swap ? { swap } : {}) })
const noFindings: readonly Finding[] = []

/**
 * judgeMoveTo returns what moving a meeting to a place would do; mayAt reports whether the person
 * may change meetings at a table.
 */
export function judgeMoveTo(floor: Floor, id: string, to: FullPlace, mayAt: MayChangeAt): Verdict {
  const m = floor.meeting.get(id)!
  if (m.place.round === to.round && m.place.table === to.table) return { mark: 'here', findings: noFindings }
  if (ended(floor, to.round)) return { mark: 'over', findings: [finding('round_closed', { round: to.round })] }
  const refusal = liftRefusal(floor, id, mayAt)
  if (refusal) return hard(refusal)
  if (!mayAt(to.table)) return hard(finding('other_zone', { zone: floor.table.get(to.table)?.zone ?? '' }))
  const other = floor.seats.get(seat(to.round, to.table))
  return other ? judgeSwap(floor, id, m, other, to) : judgeMove(floor, id, m, to)
}

/**
 * liftRefusal returns why a meeting cannot leave its place at all, or null. A locked meeting can,
 * by a move that overrides the lock.
 */
export function liftRefusal(floor: Floor, id: string, mayAt: MayChangeAt): Finding | null {
  const m = floor.meeting.get(id)!
  if (m.cancelled) return finding('cancelled', { meeting: id })
  if (m.place.table && !mayAt(m.place.table)) return finding('other_zone', { zone: floor.table.get(m.place.table)?.zone ?? '' })
  if (m.place.round && ended(floor, m.place.round)) return finding('round_closed', { round: m.place.round })
  return null
}

const ended = (floor: Floor, round: string): boolean => floor.round.get(round)?.state === 'ended'

function judgeMove(floor: Floor, id: string, m: MeetingCard, to: FullPlace): Verdict {
  const lifted = new Set([id])
  const after = new Map([[id, to]])
  const refused = placeRefusal(floor, id, m, to, lifted)
  if (refused?.code === 'interpreter_busy' && m.interpreter) {
    const alone = { ...m, interpreter: undefined }
    const still = placeRefusal(floor, id, alone, to, lifted)
    return still ? hard(still) : { mark: 'soft', without: true, findings: [finding('no_interpreter', { meeting: id }), ...softFindings(floor, id, alone, to, after)] }
  }
  if (refused) return hard(refused)
  const notes = softFindings(floor, id, m, to, after)
  return { mark: notes.length ? 'soft' : 'free', findings: notes }
}

function judgeSwap(floor: Floor, id: string, m: MeetingCard, other: string, to: FullPlace): Verdict {
  const from = placeOf(m)
  const o = floor.meeting.get(other)!
  if (!from) return hard(finding('table_taken', { ...to, meeting: other }), other)
  if (m.locked) return hard(finding('locked', { meeting: id }), other)
  if (o.locked) return hard(finding('locked', { meeting: other }), other)
  const lifted = new Set([id, other])
  const refused = placeRefusal(floor, id, m, to, lifted) ?? placeRefusal(floor, other, o, from, lifted)
  if (refused) return hard(refused, other)
  const after = new Map([[id, to], [other, from]])
  const notes = [...softFindings(floor, id, m, to, after), ...softFindings(floor, other, o, from, after)]
  return { mark: notes.length ? 'soft' : 'free', swap: other, findings: notes }
}

/**
 * placeRefusal returns the hard rule that a place breaks, or null; lifted meetings count as without
 * a place.
 */
function placeRefusal(floor: Floor, id: string, m: MeetingCard, to: FullPlace, lifted: ReadonlySet<string>): Finding | null {
  const table = floor.table.get(to.table)
  if (!table) return finding('unknown', { of: 'table/' + to.table })
  if (table.closed) return finding('table_closed', { table: to.table })
  const count = m.host.people.length + m.guest.people.length
  if (count > table.capacity) {
    return finding('table_small', { table: to.table, capacity: String(table.capacity), people: String(count) })
  }
  const holder = floor.seats.get(seat(to.round, to.table))
  if (holder && !lifted.has(holder)) return finding('table_taken', { ...to, meeting: holder })
  return roundRefusal(floor, id, m, to.round, lifted)
}

/** roundRefusal returns a finding if a person of the meeting has another meeting in the round. */
function roundRefusal(floor: Floor, own: string, m: MeetingCard, round: string, lifted: ReadonlySet<string>): Finding | null {
  const inRound = (id: string): boolean => {
    const other = floor.meeting.get(id)
    return !!other && !lifted.has(id) && seated(other) && other.place.round === round
  }
  for (const who of participants(m)) {
    const clash = floor.meetingsOf.get(who)?.find(inRound)
    if (clash) return busy(who, round, clash)
  }
  const request = floor.request.get(floor.requestOf.get(own) ?? '')
  for (const interpreter of [request?.interpreter, m.interpreter]) {
    if (!interpreter) continue
    const who = 'interpreter:' + interpreter
    const clash = floor.meetingsOf.get(who)?.find(inRound) ?? floor.claims.get(interpreter)?.find(inRound)
    if (clash) return busy(who, round, clash)
  }
  return null
}

const busy = (who: string, round: string, meeting: string): Finding =>
  finding(who.startsWith('interpreter:') ? 'interpreter_busy' : 'person_busy', { who, round, meeting })

/** softFindings returns the warnings about a new place; after holds the places of moved meetings. */
function softFindings(floor: Floor, id: string, m: MeetingCard, to: FullPlace, after: ReadonlyMap<string, FullPlace>): Finding[] {
  const notes: Finding[] = []
  const home = floor.company.get(m.host.company)?.homeTable
  if (home && home !== to.table && floor.table.get(home)?.zone !== floor.table.get(to.table)?.zone) {
    notes.push(finding('far_table', { table: to.table, home }))
  }
  const met = metBefore(floor, id, m, after)
  if (met) notes.push(finding('met_before', { host: m.host.company, guest: m.guest.company, round: met }))
  if (m.interpreter && !hasRest(floor, m.interpreter, to.round, after)) {
    notes.push(finding('no_rest', { who: 'interpreter:' + m.interpreter, round: to.round }))
  }
  return notes
}

/** metBefore returns the round of another meeting of the same two companies. */
function metBefore(floor: Floor, id: string, m: MeetingCard, after: ReadonlyMap<string, FullPlace>): string | undefined {
  for (const other of byHost(floor, m.host.company)) {
    const o = floor.meeting.get(other)!
    if (other !== id && seated(o) && o.guest.company === m.guest.company) return after.get(other)?.round ?? o.place.round
  }
  return undefined
}

const meetingsByHost = new WeakMap<ReadonlyMap<string, MeetingCard>, Map<string, string[]>>()

/**
 * byHost returns the meetings that a company hosts, in the order of their ids; computed once for
 * each set of meetings.
 */
function byHost(floor: Floor, company: string): readonly string[] {
  let index = meetingsByHost.get(floor.meeting)
  if (!index) {
    index = new Map()
    for (const id of [...floor.meeting.keys()].sort()) {
      const of = floor.meeting.get(id)!.host.company
      index.set(of, [...(index.get(of) ?? []), id])
    }
    meetingsByHost.set(floor.meeting, index)
  }
  return index.get(company) ?? []
}

/** An interpreter who works more rounds than this in a row gets a warning. */
const maxInARow = 4

function hasRest(floor: Floor, interpreter: string, round: string, after: ReadonlyMap<string, FullPlace>): boolean {
  const no = (id: string | undefined) => floor.round.get(id ?? '')?.no ?? 0
  const at = no(round)
  const working = new Set([at])
  for (const id of floor.meetingsOf.get('interpreter:' + interpreter) ?? []) {
    const m = floor.meeting.get(id)!
    const place = after.get(id)
    if (place) working.add(no(place.round))
    else if (seated(m)) working.add(no(m.place.round))
  }
  let row = 0
  for (let n = at - maxInARow; n <= at + maxInARow; n++) {
    row = working.has(n) ? row + 1 : 0
    if (row > maxInARow) return false
  }
  return true
}

/**
 * VerdictCache holds the verdicts about one lifted meeting, because cells ask often and the floor
 * changes seldom.
 */
export class VerdictCache {
  private verdicts = new Map<string, Verdict>()

  constructor(
    readonly floor: Floor,
    readonly meeting: string,
    private mayAt: MayChangeAt,
  ) {}

  at(round: string, table: string): Verdict {
    const key = seat(round, table)
    let verdict = this.verdicts.get(key)
    if (!verdict) this.verdicts.set(key, (verdict = judgeMoveTo(this.floor, this.meeting, { round, table }, this.mayAt)))
    return verdict
  }

  /** count returns the number of places by mark. */
  count(): Record<Mark, number> {
    const marks: Record<Mark, number> = { here: 0, over: 0, hard: 0, soft: 0, free: 0 }
    for (const round of this.floor.rounds) for (const table of this.floor.tables) marks[this.at(round, table).mark]++
    return marks
  }
}
