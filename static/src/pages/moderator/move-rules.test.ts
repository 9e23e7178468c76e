import type { MeetingCard, RequestCard } from '../../shared/cards'
import { equal, test, truth } from '../../testing/check'
import { cardsByKind, floorCards, manyRounds } from '../../testing/floor-fixtures'
import { VerdictCache, judgeMoveTo, liftRefusal, type Verdict } from './move-rules'
import { type Cards, type Floor, makeFloor } from '../../shared/floor'

// Six tables in three zones and ten rounds: R1 and R2 have ended, R3 is running, R4 and later are
// planned.
const everywhere = () => true

function meeting(host: string, guest: string, round: string, table: string, more: Partial<MeetingCard> = {}): MeetingCard {
  const party = (company: string) => ({ company, people: [company + 'a', company + 'b'], presence: 'expected' as const })
  return { place: round ? { round, table } : {}, host: party(host), guest: party(guest), ...more }
}

function floorOf(meetings: Record<string, MeetingCard>, change: (cards: Cards) => void = () => undefined): Floor {
  const kinds = cardsByKind({ ...floorCards({ tables: 6, rounds: 0, hosts: 6, guests: 6 }), ...manyRounds(10) })
  const of = (kind: string) => kinds.get(kind) ?? new Map()
  const cards = {
    round: of('round'), table: of('table'), company: of('company'), request: of('request'),
    attendee: of('attendee'), interpreter: of('interpreter'), meeting: new Map(Object.entries(meetings)),
  } as unknown as Cards
  change(cards)
  return makeFloor(cards)
}

const at = (floor: Floor, id: string, round: string, table: string): Verdict => judgeMoveTo(floor, id, { round, table }, everywhere)
const codes = (verdict: Verdict): string[] => verdict.findings.map((f) => f.code)
const put = <T,>(map: ReadonlyMap<string, T>, id: string, value: T) => void (map as Map<string, T>).set(id, value)

test('collide: a free table, its own place, a round that is over', () => {
  const floor = floorOf({ m1: meeting('k01', 'c01', 'R3', 'T01') })
  equal(at(floor, 'm1', 'R3', 'T01').mark, 'here')
  equal(at(floor, 'm1', 'R4', 'T01'), { mark: 'free', findings: [] })
  equal(codes(at(floor, 'm1', 'R1', 'T01')), ['round_closed'])
  equal(at(floor, 'm1', 'R1', 'T01').mark, 'over')
})

test('collide: somebody of it sits elsewhere in that round, and the finding names who and where', () => {
  const floor = floorOf({ m1: meeting('k01', 'c01', 'R3', 'T01'), m2: meeting('k02', 'c01', 'R4', 'T02') })
  const verdict = at(floor, 'm1', 'R4', 'T01')
  equal(verdict.mark, 'hard')
  equal(verdict.findings, [{ code: 'person_busy', params: { who: 'attendee:c01a', round: 'R4', meeting: 'm2' } }])
})

test('collide: a cancelled meeting and one in the tray stand in nobody’s way', () => {
  const floor = floorOf({
    m1: meeting('k01', 'c01', 'R3', 'T01'),
    m2: meeting('k02', 'c01', 'R4', 'T02', { cancelled: true }),
    m3: meeting('k03', 'c01', '', ''),
  })
  equal(at(floor, 'm1', 'R4', 'T01').mark, 'free')
  equal(at(floor, 'm1', 'R4', 'T02').mark, 'free', 'the cancelled one’s seat')
  equal(floor.tray, ['m3'])
})

test('collide: a closed table and one too small are hard', () => {
  const floor = floorOf({ m1: meeting('k01', 'c01', 'R3', 'T01') }, ({ table }) => {
    put(table, 'T01', { ...table.get('T01')!, closed: true })
    put(table, 'T02', { ...table.get('T02')!, capacity: 3 })
  })
  equal(codes(at(floor, 'm1', 'R4', 'T01')), ['table_closed'])
  equal(at(floor, 'm1', 'R4', 'T02').findings[0], { code: 'table_small', params: { table: 'T02', capacity: '3', people: '4' } })
})

test('collide: an interpreter is taken by an assignment, or by a request that they claimed', () => {
  const claimed: RequestCard = { meeting: 'm3', pair: 'ko-zh', state: 'claimed', interpreter: 'i01', at: 1, canTake: 0 }
  const floor = floorOf(
    {
      m1: meeting('k01', 'c01', 'R3', 'T01', { interpreter: 'i01' }),
      m2: meeting('k02', 'c02', 'R4', 'T02', { interpreter: 'i01' }),
      m3: meeting('k03', 'c03', 'R5', 'T03'),
    },
    ({ request }) => put(request, 'r1', claimed),
  )
  for (const round of ['R4', 'R5']) {
    const verdict = at(floor, 'm1', round, 'T01')
    equal([verdict.mark, verdict.without, verdict.findings[0]], ['soft', true, { code: 'no_interpreter', params: { meeting: 'm1' } }], round)
  }
  equal(codes(at(floor, 'm3', 'R4', 'T03')), ['interpreter_busy'], 'the claimant of the lifted one')
})

test('collide: a swap is held against both ways, the two lifted', () => {
  const floor = floorOf({
    m1: meeting('k01', 'c01', 'R3', 'T01'),
    m2: meeting('k01', 'c02', 'R4', 'T01'),
    m3: meeting('k02', 'c02', 'R3', 'T02'),
  })
  equal(codes(at(floor, 'm1', 'R4', 'T01')), ['person_busy'], 'c02 would have to be in m2 and m3 in R3')
  equal(at(floor, 'm1', 'R4', 'T01').swap, 'm2')
  const clear = floorOf({ m1: meeting('k01', 'c01', 'R3', 'T01'), m2: meeting('k01', 'c02', 'R4', 'T01') })
  equal(at(clear, 'm1', 'R4', 'T01'), { mark: 'free', swap: 'm2', findings: [] }, 'the same host is in nobody’s way')
})

test('collide: from the tray onto a taken seat, and swaps with locked ones, are hard', () => {
  const floor = floorOf({
    m1: meeting('k01', 'c01', '', ''),
    m2: meeting('k02', 'c02', 'R4', 'T02'),
    m3: meeting('k03', 'c03', 'R4', 'T01', { locked: true }),
  })
  equal(at(floor, 'm1', 'R4', 'T02').findings[0], { code: 'table_taken', params: { round: 'R4', table: 'T02', meeting: 'm2' } })
  equal(at(floor, 'm2', 'R4', 'T01').findings[0], { code: 'locked', params: { meeting: 'm3' } })
  equal(codes(at(floor, 'm3', 'R4', 'T02')), ['locked'], 'the lifted one is locked')
  equal(at(floor, 'm3', 'R5', 'T03').mark, 'free', 'moved with an override')
})

test('collide: soft ones: far table, met before, no rest', () => {
  const floor = floorOf({
    m1: meeting('k01', 'c01', 'R3', 'T01'),
    m2: meeting('k01', 'c01', 'R5', 'T01'),
    m3: meeting('k02', 'c02', 'R9', 'T02', { interpreter: 'i02' }),
    ...Object.fromEntries(['R4', 'R5', 'R6', 'R7'].map((r) => [`n${r}`, meeting('k06', 'c06', r, 'T06', { interpreter: 'i02' })])),
  })
  equal(codes(at(floor, 'm1', 'R4', 'T02')), ['met_before'], 'T02 is in the home table’s zone')
  equal(at(floor, 'm1', 'R4', 'T05').mark, 'soft')
  equal(codes(at(floor, 'm1', 'R4', 'T05')), ['far_table', 'met_before'])
  equal(codes(at(floor, 'm3', 'R8', 'T02')), ['no_rest'], 'five rounds in a row')
  equal(codes(at(floor, 'm3', 'R10', 'T02')), [])
})

test('collide: zones bind where the meeting comes from and where it goes', () => {
  const floor = floorOf({ m1: meeting('k01', 'c01', 'R3', 'T01') })
  const only = (zone: string) => (table: string) => floor.table.get(table)?.zone === zone
  equal(codes(judgeMoveTo(floor, 'm1', { round: 'R4', table: 'T05' }, only('A'))), ['other_zone'])
  equal(liftRefusal(floor, 'm1', only('C'))?.code, 'other_zone')
  equal(liftRefusal(floor, 'm1', only('A')), null)
})

test('collide: six thousand places are judged within a bound', () => {
  const kinds = cardsByKind({ ...floorCards({ tables: 300, rounds: 20, hosts: 280, guests: 320 }), ...manyRounds(20) })
  const of = (kind: string) => kinds.get(kind) ?? new Map()
  const floor = makeFloor({
    round: of('round'), table: of('table'), company: of('company'), request: of('request'),
    attendee: of('attendee'), interpreter: of('interpreter'), meeting: of('meeting'),
  } as unknown as Cards)
  const began = Date.now()
  const marks = new VerdictCache(floor, 'm900', everywhere).count()
  const took = Date.now() - began
  equal(Object.values(marks).reduce((a, b) => a + b, 0), 6000)
  truth(took < 1500, `took ${took} ms`)
})
