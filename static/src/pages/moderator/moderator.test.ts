import type { ItemCard, NoticeCard, RequestCard, RoundCard } from '../../shared/cards'
import { equal, test, truth } from '../../testing/check'
import { cardsByKind, floorCards, forumSize, manyRounds } from '../../testing/floor-fixtures'
import { type Cards, type Floor, makeFloor } from '../../shared/floor'
import { visibleRows, nextPosition } from './grid-keys'
import { searchFloor, matches } from '../../shared/search'
import { availableInterpreters } from './interpreters'
import { Rights } from './rights'
import { slotActions, currentSlot, minutesLate, timeline } from '../../shared/slots'
import { latestNoticeAbout, deviceState, deliveryStep as reachOf } from './delivery-status'
import { unacknowledgedGroups } from './unacknowledged'

const floorNow = (): Floor => {
  const kinds = cardsByKind({ ...floorCards(forumSize), ...manyRounds(8) })
  const of = (kind: string) => kinds.get(kind) ?? new Map()
  return makeFloor({
    round: of('round'), table: of('table'), company: of('company'), request: of('request'),
    attendee: of('attendee'), interpreter: of('interpreter'), meeting: of('meeting'),
  } as unknown as Cards)
}

test('keys: arrows stay in the grid, Home and End reach its edges', () => {
  const extent = { rows: 26, columns: 8, page: 10 }
  equal(nextPosition('ArrowUp', false, { row: 0, column: 3 }, extent), { row: 0, column: 3 })
  equal(nextPosition('ArrowRight', false, { row: 2, column: 8 }, extent), { row: 2, column: 8 })
  equal(nextPosition('PageDown', false, { row: 20, column: 1 }, extent), { row: 25, column: 1 })
  equal(nextPosition('Home', true, { row: 20, column: 5 }, extent), { row: 0, column: 0 })
  equal(nextPosition('End', false, { row: 20, column: 5 }, extent), { row: 20, column: 8 })
  equal(nextPosition('a', false, { row: 0, column: 0 }, extent), null)
})

test('keys: only the rows in sight are drawn, and a few beyond', () => {
  equal(visibleRows(0, 580, 58, 300), { first: 0, end: 14 })
  equal(visibleRows(5800, 580, 58, 300), { first: 96, end: 114 })
  equal(visibleRows(99_999, 580, 58, 300), { first: 299, end: 300 })
  equal(visibleRows(0, 580, 58, 0), { first: 0, end: 0 })
})

const round = (no: number, state: RoundCard['state'], start: number, end: number): RoundCard => ({ no, state, plan: { start, end }, now: { start, end } })

test('slots: what runs comes first, then what was called, then what is next', () => {
  const m = 60_000
  const rounds = new Map([['R1', round(1, 'ended', 0, 25 * m)], ['R2', round(2, 'called', 30 * m, 55 * m)], ['R3', round(3, 'planned', 60 * m, 85 * m)]])
  const talk: ItemCard = { kind: 'talk', name: { en: 'Talk' }, state: 'planned', plan: { start: -90 * m, end: -60 * m }, now: { start: -90 * m, end: -60 * m } }
  const line = timeline(rounds, new Map([['I1', talk]]))
  equal(line.map((s) => s.id), ['I1', 'R1', 'R2', 'R3'])
  equal(currentSlot(line, 29 * m)?.id, 'R2')
  rounds.set('R2', round(2, 'ended', 30 * m, 55 * m))
  equal(currentSlot(timeline(rounds, new Map([['I1', talk]])), 56 * m)?.id, 'R3', 'a talk that nobody started an hour ago is not next')
  equal(slotActions(rounds.get('R3')!), ['call', 'start', 'extend'])
  equal(minutesLate({ ...round(1, 'running', 0, 0), plan: { start: 0, end: 25 * m }, now: { start: 0, end: 28 * m } }), 3)
})

test('rights: a runner marks, a zone moderator moves in their zones, the lead all', () => {
  const you = (who: string, more = {}) => new Rights({ who, link: who.replace(':', '-'), name: {}, ...more })
  const runner = you('runner:r1')
  truth(runner.mayIn('markNoShow', 'C') && !runner.may('moveMeeting') && !runner.may('end'), 'runner')
  truth(runner.mayDismiss('runner:r1') && !runner.mayDismiss('moderator:s1'), 'runner reads of their own')
  truth(runner.mayUndo('runner:r1') && !runner.mayUndo('moderator:s1'), 'runner undoes their own')
  const zoned = you('moderator:s2', { zones: ['A'] })
  truth(zoned.mayIn('moveMeeting', 'A') && !zoned.mayIn('moveMeeting', 'B') && zoned.mayIn('moveMeeting', undefined), 'zone')
  truth(!zoned.may('start') && zoned.may('announce'), 'zone moderator and the room')
  const lead = you('moderator:s1', { lead: true })
  truth(lead.mayIn('moveMeeting', 'C') && lead.may('end') && lead.mayUndo('runner:r1'), 'lead')
  truth(you('organiser:o1').may('release'), 'organiser')
  truth(!new Rights(null).may('checkIn') && !you('attendee:k01a').may('checkIn'), 'nobody else')
})

test('find: by company in any script, by person, by table', () => {
  const floor = floorNow()
  truth(matches('  hanBIT led ', 'Hanbit LED'), 'case')
  truth(searchFloor(floor, '')! === null, 'nothing asked')
  const company = searchFloor(floor, '海风')!
  truth(company.meetings.size > 0 && [...company.meetings].every((id) => floor.meeting.get(id)!.guest.company.startsWith('c')), 'company')
  truth(searchFloor(floor, 'k03a')!.tables.has('T03'), 'a person’s id')
  truth(searchFloor(floor, 'T05')!.tables.has('T05'), 'a table’s id')
})

test('takers: on duty, on shift, of the pair, with the skill, and free', () => {
  const floor = floorNow()
  const request = { meeting: 'm022', pair: 'ko-zh', state: 'requested' as const, at: 0, canTake: 0 }
  const withRequest = makeFloor({ ...floor, request: new Map([['r1', request]]) })
  const at = (h: number) => Date.UTC(2026, 9, 14, h - 9)
  const free = availableInterpreters(withRequest, 'r1', at(14))
  truth(free.includes('i19') && !free.includes('i21') && !free.includes('i06'), 'the floaters; not who is off or on a break: ' + free.join())
  truth(!availableInterpreters(withRequest, 'r1', at(18)).includes('i19'), 'after the shift')
  const skilled = makeFloor({ ...floor, request: new Map([['r1', { ...request, skill: 'LED' }]]) })
  truth(availableInterpreters(skilled, 'r1', at(14)).every((i) => floor.interpreter.get(i)!.skills?.includes('LED')), 'skill')
  const taken = makeFloor({ ...floor, request: new Map<string, RequestCard>([['r1', request], ['r2', { ...request, meeting: 'm030', state: 'claimed', interpreter: 'i19' }]]) })
  truth(!availableInterpreters(taken, 'r1', at(14)).includes('i19'), 'has another request')
})

test('unseen: by company, the most urgent first, at the table where they are to be', () => {
  const floor = floorNow()
  const now = floor.round.get('R3')!.now.start
  const of = (round: string) => [...floor.meeting].find(([, m]) => m.place.round === round)!
  const [soonID, soon] = of('R4')
  const [laterID, later] = of('R6')
  const notices = new Map([
    ['n1', { kind: 'moved' as const, meeting: laterID, at: now, for: 4, seen: 3 }],
    ['n2', { kind: 'call' as const, round: 'R4', at: now, for: 40, seen: 38 }],
  ])
  const unseen = new Map([
    ['n1:a', { notice: 'n1', who: 'attendee:' + later.guest.people[0] }],
    ['n2:a', { notice: 'n2', who: 'attendee:' + soon.host.people[0] }],
    ['n2:b', { notice: 'n2', who: 'attendee:' + soon.host.people[1] }],
    ['gone', { notice: 'n9', who: 'attendee:x' }],
  ])
  const groups = unacknowledgedGroups(floor, notices, unseen, now)
  equal(groups.map((g) => [g.notice, g.who.length, g.table]), [['n2', 2, floor.meeting.get(soonID)!.place.table], ['n1', 1, later.place.table]])
  equal(groups[0]!.left, floor.round.get('R4')!.now.start - now)
})

test('reach: sent until a screen has it, delivered until it is seen, told by whoever said it', () => {
  const card = { notice: 'n1', who: 'attendee:k01a' }
  equal(reachOf(card, undefined), 'delivered')
  equal(reachOf(card, { count: 2, who: ['attendee:k01a', 'attendee:k02a'] }), 'sent')
  equal(reachOf(card, { count: 1, who: ['attendee:k02a'] }), 'delivered')
  equal(reachOf(card, { count: 501 }), null)
  equal(reachOf({ ...card, toldBy: 'runner:r1' }, { count: 1, who: ['attendee:k01a'] }), 'told')
})

test('reach: a phone that is named nowhere is live, but where not all are named or heard of', () => {
  const live = { here: { live: 4 }, asleep: { 'attendee:b': 17_000 }, gone: { 'attendee:c': 16_000, 'attendee:d': 0 } }
  equal(deviceState(live, 'attendee:a'), { presence: 'live' })
  equal(deviceState(live, 'attendee:b'), { presence: 'asleep', since: 17_000 })
  equal(deviceState(live, 'attendee:c'), { presence: 'gone', since: 16_000 })
  equal(deviceState(live, 'attendee:d'), { presence: 'never' })
  equal(deviceState({ ...live, more: 3 }, 'attendee:a'), null)
  equal(deviceState({ here: { live: 2 }, partial: true }, 'attendee:a'), null)
  equal(deviceState({}, 'attendee:a'), null)
})

test('reach: of the notices about a meeting the newest counts', () => {
  const at = { place: { round: 'R1', table: 'T1' }, host: { company: 'h', people: [], presence: 'expected' as const }, guest: { company: 'g', people: [], presence: 'expected' as const } }
  const notices = new Map<string, NoticeCard>([
    ['call', { kind: 'call', round: 'R1', at: 2, for: 9, seen: 0 }],
    ['other', { kind: 'moved', meeting: 'm2', at: 9, for: 4, seen: 0 }],
    ['moved', { kind: 'moved', meeting: 'm1', at: 1, for: 4, seen: 0 }],
  ])
  equal(latestNoticeAbout(notices, 'm1', at)?.[0], 'call')
  equal(latestNoticeAbout(notices, 'm1', { ...at, place: { round: 'R2', table: 'T1' } })?.[0], 'moved')
  equal(latestNoticeAbout(notices, 'm3', { ...at, cancelled: true })?.[0], undefined)
})
