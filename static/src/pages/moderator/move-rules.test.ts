import type { MeetingCard, RequestCard } from '../../shared/cards'
import { type Cards, type Floor, makeFloor } from '../../shared/floor'
import { equal, test, truth } from '../../testing/check'
import { cardMaps, floorCards, floorOf, manyRounds } from '../../testing/floor-fixtures'
import { judgeMoveTo, liftRefusal, type Verdict, VerdictCache } from './move-rules'

// Six tables in three zones and ten rounds: R1 and R2 have ended, R3 is running, R4 and later are
// planned.
const everywhere = () => true

function meeting(host: string, guest: string, round: string, table: string, more: Partial<MeetingCard> = {}): MeetingCard {
  const party = (company: string) => ({ company, people: [company + 'a', company + 'b'], presence: 'expected' as const })
  return { place: round ? { round, table } : {}, host: party(host), guest: party(guest), ...more }
}

function floorWith(meetings: Record<string, MeetingCard>, change: (cards: Cards) => void = () => undefined): Floor {
  const empty = cardMaps({ ...floorCards({ tables: 6, rounds: 0, hosts: 6, guests: 6 }), ...manyRounds(10) })
  const cards = { ...empty, meeting: new Map(Object.entries(meetings)) }
  change(cards)
  return makeFloor(cards)
}

const at = (floor: Floor, id: string, round: string, table: string): Verdict => judgeMoveTo(floor, id, { round, table }, everywhere)
const codes = (verdict: Verdict): string[] => verdict.findings.map((f) => f.code)
const put = <T,>(map: ReadonlyMap<string, T>, id: string, value: T) => void (map as Map<string, T>).set(id, value)

test('move-rules: a free table, the meeting’s own place, an ended round', () => {
  const floor = floorWith({ m1: meeting('k01', 'c01', 'R3', 'T01') })
  equal(at(floor, 'm1', 'R3', 'T01').mark, 'here')
  equal(at(floor, 'm1', 'R4', 'T01'), { mark: 'free', findings: [] })
  equal(codes(at(floor, 'm1', 'R1', 'T01')), ['round_closed'])
  equal(at(floor, 'm1', 'R1', 'T01').mark, 'over')
})

test('move-rules: a person with another meeting in the round is named with that meeting', () => {
  const floor = floorWith({ m1: meeting('k01', 'c01', 'R3', 'T01'), m2: meeting('k02', 'c01', 'R4', 'T02') })
  const verdict = at(floor, 'm1', 'R4', 'T01')
  equal(verdict.mark, 'hard')
  equal(verdict.findings, [{ code: 'person_busy', params: { who: 'attendee:c01a', round: 'R4', meeting: 'm2' } }])
})

test('move-rules: a cancelled meeting and one in the tray do not collide', () => {
  const floor = floorWith({
    m1: meeting('k01', 'c01', 'R3', 'T01'),
    m2: meeting('k02', 'c01', 'R4', 'T02', { cancelled: true }),
    m3: meeting('k03', 'c01', '', ''),
  })
  equal(at(floor, 'm1', 'R4', 'T01').mark, 'free')
  equal(at(floor, 'm1', 'R4', 'T02').mark, 'free', 'the cancelled one’s seat')
  equal(floor.tray, ['m3'])
})

test('move-rules: a closed table and a small one are hard', () => {
  const floor = floorWith({ m1: meeting('k01', 'c01', 'R3', 'T01') }, ({ table }) => {
    put(table, 'T01', { ...table.get('T01')!, closed: true })
    put(table, 'T02', { ...table.get('T02')!, capacity: 3 })
  })
  equal(codes(at(floor, 'm1', 'R4', 'T01')), ['table_closed'])
  equal(at(floor, 'm1', 'R4', 'T02').findings[0], { code: 'table_small', params: { table: 'T02', capacity: '3', people: '4' } })
})

test('move-rules: an interpreter is busy by an assignment, or by a claimed request', () => {
  const claimed: RequestCard = { meeting: 'm3', pair: 'ko-zh', state: 'claimed', interpreter: 'i01', at: 1, canTake: 0 }
  const floor = floorWith(
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

test('move-rules: a swap is checked both ways, with both meetings lifted', () => {
  const floor = floorWith({
    m1: meeting('k01', 'c01', 'R3', 'T01'),
    m2: meeting('k01', 'c02', 'R4', 'T01'),
    m3: meeting('k02', 'c02', 'R3', 'T02'),
  })
  equal(codes(at(floor, 'm1', 'R4', 'T01')), ['person_busy'], 'c02 would have to be in m2 and m3 in R3')
  equal(at(floor, 'm1', 'R4', 'T01').swap, 'm2')
  const clear = floorWith({ m1: meeting('k01', 'c01', 'R3', 'T01'), m2: meeting('k01', 'c02', 'R4', 'T01') })
  equal(at(clear, 'm1', 'R4', 'T01'), { mark: 'free', swap: 'm2', findings: [] }, 'the same host is in nobody’s way')
})

test('move-rules: from the tray to a taken place, and swaps with a locked meeting, are hard', () => {
  const floor = floorWith({
    m1: meeting('k01', 'c01', '', ''),
    m2: meeting('k02', 'c02', 'R4', 'T02'),
    m3: meeting('k03', 'c03', 'R4', 'T01', { locked: true }),
  })
  equal(at(floor, 'm1', 'R4', 'T02').findings[0], { code: 'table_taken', params: { round: 'R4', table: 'T02', meeting: 'm2' } })
  equal(at(floor, 'm2', 'R4', 'T01').findings[0], { code: 'locked', params: { meeting: 'm3' } })
  equal(codes(at(floor, 'm3', 'R4', 'T02')), ['locked'], 'the lifted one is locked')
  equal(at(floor, 'm3', 'R5', 'T03').mark, 'free', 'moved with an override')
})

test('move-rules: far table, met before and no rest are soft', () => {
  const floor = floorWith({
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

test('move-rules: zones limit where a meeting comes from and where it goes', () => {
  const floor = floorWith({ m1: meeting('k01', 'c01', 'R3', 'T01') })
  const only = (zone: string) => (table: string) => floor.table.get(table)?.zone === zone
  equal(codes(judgeMoveTo(floor, 'm1', { round: 'R4', table: 'T05' }, only('A'))), ['other_zone'])
  equal(liftRefusal(floor, 'm1', only('C'))?.code, 'other_zone')
  equal(liftRefusal(floor, 'm1', only('A')), null)
})

test('move-rules: six thousand places are judged within 1.5 s', () => {
  const floor = floorOf({ ...floorCards({ tables: 300, rounds: 20, hosts: 280, guests: 320 }), ...manyRounds(20) })
  const began = Date.now()
  const marks = new VerdictCache(floor, 'm900', everywhere).count()
  const took = Date.now() - began
  equal(Object.values(marks).reduce((a, b) => a + b, 0), 6000)
  truth(took < 1500, `took ${took} ms`)
})
