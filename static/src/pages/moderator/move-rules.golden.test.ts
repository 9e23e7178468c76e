// The verdicts of package floor, as floor/testdata/collisions.json has them: the rules of this page
// must give the same.
import { golden } from 'golden'
import type { You } from '../../live/frames'
import type { Code } from '../../shared/cards'
import { type Floor, placeOf } from '../../shared/floor'
import { equal, test, truth } from '../../testing/check'
import { floorOf } from '../../testing/floor-fixtures'
import { type Finding, judgeMoveTo, liftRefusal, type MayChangeAt, type Verdict } from './move-rules'
import { Rights } from './rights'

/** Outcome is floor's answer to a command: a refusal, or the notes of what was accepted. */
interface Outcome {
  refused?: Finding
  notes?: Finding[]
}

/** Move is one meeting, one target and what floor says to the commands that would bring it there. */
interface Move {
  meeting: string
  /** Without round and table it is the tray. */
  to: { round?: string; table?: string }
  /** Of moveMeeting, which overrides a lock. */
  move: Outcome
  /** Of the same without the interpreter, if `move` is refused with interpreter_busy. */
  withoutInterpreter?: Outcome
  /** Of swapMeetings with the meeting at the target, if there is one. */
  swap?: Outcome & { with: string }
}

/** State is what one moderator holds, and moves from there, each decided on its own. */
interface State {
  name: string
  you: Pick<You, 'who' | 'lead' | 'zones'>
  cards: Record<string, unknown>
  moves: Move[]
}

/** findingsOf returns what an outcome says, with the parameters that a finding always has. */
const findingsOf = (outcome: Outcome): Finding[] =>
  (outcome.refused ? [outcome.refused] : (outcome.notes ?? [])).map(({ code, params }) => ({ code, params: params ?? {} }))

/** expected returns the verdict that an outcome of floor asks for. */
function expected(outcome: Outcome, more: Partial<Verdict> = {}): Verdict {
  const findings = findingsOf(outcome)
  return { mark: outcome.refused ? 'hard' : findings.length ? 'soft' : 'free', findings, ...more }
}

/** decided returns the outcome of the command that the page would send, as the verdict it asks for. */
function decided(floor: Floor, { meeting, to, move, swap, withoutInterpreter }: Move, mayAt: MayChangeAt): Verdict {
  // What cannot leave its place, or may not come to the target, is refused without a look at the target.
  if (liftRefusal(floor, meeting, mayAt) || !mayAt(to.table!)) return expected(move)
  // From the tray there is no place to swap with.
  if (swap) return expected(placeOf(floor.meeting.get(meeting)!) ? swap : move, { swap: swap.with })
  if (!withoutInterpreter) return expected(move)
  return expected(withoutInterpreter, withoutInterpreter.refused ? {} : { without: true })
}

/** The page and floor check in different orders: if two reasons hold, the page may name one and floor another. */
const otherReasons: Partial<Record<string, string[]>> = {
  cancelled: ['other_zone'],
  round_closed: ['other_zone'],
  table_taken: ['table_closed', 'table_small'],
}

const isOtherReason = (page: Finding | null | undefined, floor: Finding | undefined): boolean =>
  !!page && !!floor && !!otherReasons[page.code]?.includes(floor.code)

/** holdTray compares whether a meeting can leave its place. */
function holdTray(floor: Floor, { meeting, move }: Move, mayAt: MayChangeAt): void {
  const refusal = liftRefusal(floor, meeting, mayAt)
  if (move.refused?.code === 'nothing_changes') return equal(refusal, null, 'a meeting in the tray')
  if (!isOtherReason(refusal, move.refused)) equal(refusal ? [refusal] : [], move.refused ? findingsOf(move) : [], 'leaving its place')
}

/** hold compares the page's verdict on a move with floor's outcomes. */
function hold(floor: Floor, move: Move, mayAt: MayChangeAt): void {
  const { round, table } = move.to
  if (!round || !table) return holdTray(floor, move, mayAt)
  const verdict = judgeMoveTo(floor, move.meeting, { round, table }, mayAt)
  const { place } = floor.meeting.get(move.meeting)!
  const here = place.round === round && place.table === table
  const over = !here && floor.round.get(round)?.state === 'ended'
  equal([verdict.mark === 'here', verdict.mark === 'over'], [here, over], 'its own place, or an ended round')
  if (here || over) return truth(!!move.move.refused, `floor accepts what the page marks "${verdict.mark}"`)
  const want = decided(floor, move, mayAt)
  if (isOtherReason(verdict.findings[0], want.findings[0]) && want.mark === 'hard') equal(verdict.mark, 'hard')
  else equal(verdict, want)
}

function holdState(state: State): void {
  const floor = floorOf(state.cards)
  const rights = new Rights({ link: '', name: {}, ...state.you })
  const mayAt = (table: string) => rights.mayIn('moveMeeting', floor.table.get(table)?.zone)
  for (const move of state.moves) {
    try {
      hold(floor, move, mayAt)
    } catch (error) {
      throw new Error(`${move.meeting} to ${JSON.stringify(move.to)}: ${(error as Error).message}`)
    }
  }
}

const slot = (no: number, state: string) => ({ no, plan: { start: no, end: no + 1 }, now: { start: no, end: no + 1 }, state })
const party = (company: string) => ({ company, people: [company + 'a'], presence: 'expected' })

const example: State = {
  name: 'example',
  you: { who: 'moderator:s2', zones: ['A'] },
  cards: {
    'round/R1': slot(1, 'planned'),
    'round/R2': slot(2, 'planned'),
    'round/R0': slot(0, 'ended'),
    'table/T01': { label: '01', zone: 'A', capacity: 6 },
    'table/T02': { label: '02', zone: 'A', capacity: 6 },
    'table/T03': { label: '03', zone: 'B', capacity: 6 },
    'company/k01': { name: { en: 'Hanbit' }, country: 'KR', homeTable: 'T01' },
    'company/k02': { name: { en: 'Solar' }, country: 'KR' },
    'company/c01': { name: { en: 'Haifeng' }, country: 'CN' },
    'meeting/m1': { place: { round: 'R1', table: 'T01' }, host: party('k01'), guest: party('c01'), interpreter: 'i1' },
    'meeting/m2': { place: { round: 'R2', table: 'T02' }, host: party('k02'), guest: party('c01') },
    'meeting/m3': { place: {}, host: party('k02'), guest: party('c01') },
  },
  moves: [
    { meeting: 'm1', to: { round: 'R1', table: 'T01' }, move: { refused: { code: 'nothing_changes' } as Finding } },
    { meeting: 'm1', to: { round: 'R0', table: 'T01' }, move: { refused: { code: 'round_closed', params: { round: 'R0' } } } },
    { meeting: 'm1', to: { round: 'R2', table: 'T01' }, move: { refused: { code: 'person_busy', params: { meeting: 'm2', round: 'R2', who: 'attendee:c01a' } } } },
    { meeting: 'm1', to: { round: 'R2', table: 'T02' }, move: { refused: { code: 'table_taken', params: { meeting: 'm2', round: 'R2', table: 'T02' } } }, swap: { with: 'm2', notes: [] } },
    { meeting: 'm1', to: { round: 'R1', table: 'T03' }, move: { refused: { code: 'other_zone', params: { zone: 'B' } } } },
    { meeting: 'm1', to: { round: 'R1', table: 'T02' }, move: { notes: [] } },
    { meeting: 'm1', to: {}, move: { notes: [] } },
    { meeting: 'm3', to: {}, move: { refused: { code: 'nothing_changes' } as Finding } },
  ],
}

test('move-rules golden: the example agrees', () => holdState(example))

test('move-rules golden: a verdict that differs from floor fails', () => {
  for (const move of example.moves) {
    const { refused } = move.move
    const wrong: Move = { ...move, move: refused ? { notes: [] } : { refused: { code: 'table_small', params: {} } } }
    let failed = false
    try {
      holdState({ ...example, moves: [wrong] })
    } catch {
      failed = true
    }
    truth(failed || !!move.swap || refused?.code === 'nothing_changes', `${move.meeting} to ${JSON.stringify(move.to)} was accepted`)
  }
})

/** Every reason that floor can give to a move on this page, and every note. */
const reasons: Code[] = [
  'nothing_changes', 'round_closed', 'table_closed', 'table_small', 'table_taken', 'person_busy', 'interpreter_busy', 'cancelled',
  'other_zone', 'locked', 'no_place', 'far_table', 'met_before', 'no_rest', 'no_interpreter',
]

// Without the file there are no states, and the last test fails.
const states = JSON.parse(golden['collisions.json'] ?? '[]') as State[]

for (const state of states) test(`move-rules golden: ${state.name}`, () => holdState(state))

test('move-rules golden: the states are many, and reach every reason', () => {
  truth(states.length >= 200, `only ${states.length} states`)
  const outcomes = states.flatMap(({ moves }) => moves.flatMap(({ move, withoutInterpreter, swap }) => [move, withoutInterpreter ?? {}, swap ?? {}]))
  const reached = new Set(outcomes.flatMap(findingsOf).map(({ code }) => code))
  equal(reasons.filter((code) => !reached.has(code)), [], 'never reached')
})
