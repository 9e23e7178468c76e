// What a drop would do, told before it is done. This mirrors the rules of package
// floor (decide_meeting.go: fits, free, exchange, noteSoft); the server has the last word.
import type { Code, MeetingCard, Place } from '../../shared/cards'
import { type Floor, people, placeOf, seat, seated } from '../../shared/floor'

export interface Finding {
  code: Code
  params: Record<string, string>
}

/** here: it is there. over: the round has ended. hard: refused. soft: allowed, and worth knowing. */
export type Mark = 'here' | 'over' | 'hard' | 'soft' | 'free'

export interface Verdict {
  mark: Mark
  /** The meeting that would change places with the lifted one. */
  swap?: string
  /** It goes there only without its interpreter, who sits elsewhere then. */
  without?: boolean
  /** Why it is hard (one), or what is soft. */
  findings: readonly Finding[]
}

export type MayAt = (table: string) => boolean
type At = Required<Place>

const found = (code: Code, params: Record<string, string>): Finding => ({ code, params })
const hard = (finding: Finding, swap?: string): Verdict => ({ mark: 'hard', findings: [finding], ...(swap ? { swap } : {}) })
const none: readonly Finding[] = []

/** judge answers what dropping a meeting on a place would do; mayAt is the giver's right at a table. */
export function judge(floor: Floor, id: string, to: At, mayAt: MayAt): Verdict {
  const m = floor.meeting.get(id)!
  if (m.place.round === to.round && m.place.table === to.table) return { mark: 'here', findings: none }
  if (ended(floor, to.round)) return { mark: 'over', findings: [found('round_closed', { round: to.round })] }
  const stuck = mayLift(floor, id, mayAt)
  if (stuck) return hard(stuck)
  if (!mayAt(to.table)) return hard(found('other_zone', { zone: floor.table.get(to.table)?.zone ?? '' }))
  const other = floor.seats.get(seat(to.round, to.table))
  return other ? judgeSwap(floor, id, m, other, to) : judgeMove(floor, id, m, to)
}

/** mayLift answers why a meeting cannot leave its place at all; a locked one can, by a move that says so. */
export function mayLift(floor: Floor, id: string, mayAt: MayAt): Finding | null {
  const m = floor.meeting.get(id)!
  if (m.cancelled) return found('cancelled', { meeting: id })
  if (m.place.table && !mayAt(m.place.table)) return found('other_zone', { zone: floor.table.get(m.place.table)?.zone ?? '' })
  if (m.place.round && ended(floor, m.place.round)) return found('round_closed', { round: m.place.round })
  return null
}

const ended = (floor: Floor, round: string): boolean => floor.round.get(round)?.state === 'ended'

function judgeMove(floor: Floor, id: string, m: MeetingCard, to: At): Verdict {
  const lifted = new Set([id])
  const after = new Map([[id, to]])
  const refused = fits(floor, id, m, to, lifted)
  if (refused?.code === 'interpreter_busy' && m.interpreter) {
    const alone = { ...m, interpreter: undefined }
    const still = fits(floor, id, alone, to, lifted)
    return still ? hard(still) : { mark: 'soft', without: true, findings: [found('no_interpreter', { meeting: id }), ...soft(floor, id, alone, to, after)] }
  }
  if (refused) return hard(refused)
  const notes = soft(floor, id, m, to, after)
  return { mark: notes.length ? 'soft' : 'free', findings: notes }
}

function judgeSwap(floor: Floor, id: string, m: MeetingCard, other: string, to: At): Verdict {
  const from = placeOf(m)
  const o = floor.meeting.get(other)!
  if (!from) return hard(found('table_taken', { ...to, meeting: other }), other)
  if (m.locked) return hard(found('locked', { meeting: id }), other)
  if (o.locked) return hard(found('locked', { meeting: other }), other)
  const lifted = new Set([id, other])
  const refused = fits(floor, id, m, to, lifted) ?? fits(floor, other, o, from, lifted)
  if (refused) return hard(refused, other)
  const after = new Map([[id, to], [other, from]])
  const notes = [...soft(floor, id, m, to, after), ...soft(floor, other, o, from, after)]
  return { mark: notes.length ? 'soft' : 'free', swap: other, findings: notes }
}

/** fits holds a place against the hard rules; the lifted meetings sit nowhere. */
function fits(floor: Floor, id: string, m: MeetingCard, to: At, lifted: ReadonlySet<string>): Finding | null {
  const table = floor.table.get(to.table)
  if (!table) return found('unknown', { of: 'table/' + to.table })
  if (table.closed) return found('table_closed', { table: to.table })
  const count = m.host.people.length + m.guest.people.length
  if (count > table.capacity) {
    return found('table_small', { table: to.table, capacity: String(table.capacity), people: String(count) })
  }
  const holder = floor.seats.get(seat(to.round, to.table))
  if (holder && !lifted.has(holder)) return found('table_taken', { ...to, meeting: holder })
  return free(floor, id, m, to.round, lifted)
}

/** free refuses a round in which someone of the meeting sits in another one. */
function free(floor: Floor, own: string, m: MeetingCard, round: string, lifted: ReadonlySet<string>): Finding | null {
  const inRound = (id: string): boolean => {
    const other = floor.meeting.get(id)
    return !!other && !lifted.has(id) && seated(other) && other.place.round === round
  }
  for (const who of people(m)) {
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
  found(who.startsWith('interpreter:') ? 'interpreter_busy' : 'person_busy', { who, round, meeting })

/** soft answers what a new place allows but does not recommend; after says where meetings will be. */
function soft(floor: Floor, id: string, m: MeetingCard, to: At, after: ReadonlyMap<string, At>): Finding[] {
  const notes: Finding[] = []
  const home = floor.company.get(m.host.company)?.homeTable
  if (home && home !== to.table && floor.table.get(home)?.zone !== floor.table.get(to.table)?.zone) {
    notes.push(found('far_table', { table: to.table, home }))
  }
  const met = metBefore(floor, id, m, after)
  if (met) notes.push(found('met_before', { host: m.host.company, guest: m.guest.company, round: met }))
  if (m.interpreter && !rests(floor, m.interpreter, to.round, after)) {
    notes.push(found('no_rest', { who: 'interpreter:' + m.interpreter, round: to.round }))
  }
  return notes
}

/** metBefore answers the round in which the same two companies meet anyway. */
function metBefore(floor: Floor, id: string, m: MeetingCard, after: ReadonlyMap<string, At>): string | undefined {
  for (const other of byHost(floor, m.host.company)) {
    const o = floor.meeting.get(other)!
    if (other !== id && seated(o) && o.guest.company === m.guest.company) return after.get(other)?.round ?? o.place.round
  }
  return undefined
}

const hosted = new WeakMap<ReadonlyMap<string, MeetingCard>, Map<string, string[]>>()

/** byHost answers the meetings that a company hosts, in the order of their ids; found once for each set of meetings. */
function byHost(floor: Floor, company: string): readonly string[] {
  let index = hosted.get(floor.meeting)
  if (!index) {
    index = new Map()
    for (const id of [...floor.meeting.keys()].sort()) {
      const of = floor.meeting.get(id)!.host.company
      index.set(of, [...(index.get(of) ?? []), id])
    }
    hosted.set(floor.meeting, index)
  }
  return index.get(company) ?? []
}

/** An interpreter who works more rounds than this without a pause is told of. */
const maxInARow = 4

function rests(floor: Floor, interpreter: string, round: string, after: ReadonlyMap<string, At>): boolean {
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

/** Judge remembers verdicts while a meeting is lifted: cells ask often, the floor changes seldom. */
export class Judge {
  private verdicts = new Map<string, Verdict>()

  constructor(
    readonly floor: Floor,
    readonly meeting: string,
    private mayAt: MayAt,
  ) {}

  at(round: string, table: string): Verdict {
    const key = seat(round, table)
    let verdict = this.verdicts.get(key)
    if (!verdict) this.verdicts.set(key, (verdict = judge(this.floor, this.meeting, { round, table }, this.mayAt)))
    return verdict
  }

  /** count answers how many places a round or the whole floor offers, by mark. */
  count(): Record<Mark, number> {
    const marks: Record<Mark, number> = { here: 0, over: 0, hard: 0, soft: 0, free: 0 }
    for (const round of this.floor.rounds) for (const table of this.floor.tables) marks[this.at(round, table).mark]++
    return marks
  }
}
