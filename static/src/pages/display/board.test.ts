import type { ItemCard, RoundCard, SeatCard, SlotState } from '../../shared/cards'
import { equal, test, truth } from '../../testing/check'
import { agendaShown, boardRows, columnsFor, nextRound, paged, roundShown } from './board'

const m = 60_000
const round = (no: number, state: SlotState, start: number): RoundCard => ({ no, state, plan: { start: start * m, end: (start + 25) * m }, now: { start: start * m, end: (start + 25) * m } })
const item = (kind: ItemCard['kind'], state: SlotState, start: number, end: number): ItemCard => ({ kind, state, name: { en: kind }, plan: { start: start * m, end: end * m }, now: { start: start * m, end: end * m } })
const seat = (table: string, more: Partial<SeatCard> = {}): SeatCard => ({ round: 'R2', table, label: table.slice(1), host: { ko: '갑' }, guest: { zh: '乙' }, ...more })

test('roundShown: the running round, else the called, else a near one, else none', () => {
  const rounds = new Map([['R1', round(1, 'ended', 0)], ['R2', round(2, 'planned', 60)], ['R3', round(3, 'planned', 90)]])
  const none = new Map<string, ItemCard>()
  equal(roundShown(rounds, none, 30 * m), null, 'half an hour before')
  equal(roundShown(rounds, none, 46 * m)?.id, 'R2', 'a quarter of an hour before')
  equal(roundShown(rounds, new Map([['I1', item('talk', 'running', 30, 60)]]), 46 * m), null, 'a talk goes on')
  rounds.set('R2', round(2, 'calledLast', 60))
  equal(roundShown(rounds, new Map([['I1', item('talk', 'running', 30, 60)]]), 46 * m)?.id, 'R2', 'called all the same')
  rounds.set('R3', round(3, 'running', 90))
  equal(roundShown(rounds, none, 0), { id: 'R3', round: rounds.get('R3'), running: true })
  equal(nextRound(rounds, rounds.get('R1'))?.no, 2)
  equal(nextRound(rounds, rounds.get('R3')), undefined)
})

test('boardRows: one for each table, moved ones marked for a minute, closed and cancelled marked', () => {
  const seats = new Map([
    ['A:m2', seat('T10', { movedAt: 100 * m })],
    ['A:m1', seat('T02', { interpreted: true, movedAt: 98 * m })],
    ['A:m3', seat('T03', { cancelled: true })],
    ['A:m4', seat('T03', { host: { ko: '병' } })],
    ['A:m6', seat('T03', { cancelled: true, host: { ko: '정' } })],
    ['A:m5', seat('T02', { round: 'R3' })],
  ])
  const boards = new Map([['A:T02', { label: '02' }], ['A:T07', { label: '07', closed: true }], ['A:T09', { label: '09' }]])
  const rows = boardRows(seats, boards, 'R2', 100.5 * m)
  equal(rows.map((r) => r.label), ['02', '03', '07', '10'])
  equal(rows.map((r) => r.changed), [false, false, false, true])
  truth(rows[0]!.interpreted && rows[2]!.closed && !rows[1]!.cancelled, 'what takes place hides what does not')
  equal(boardRows(seats, boards, 'R2', 101 * m)[3]!.changed, false, 'a minute later')
})

test('paged: even pages, columns read downwards, every row once', () => {
  const rows = [...Array(21).keys()]
  const pages = paged(rows, 2, 8)
  equal(pages.map((p) => p.map((c) => c.length)), [[6, 5], [5, 5]])
  equal(pages.flat(2), rows)
  equal(paged([], 2, 8), [[[], []]])
  equal(columnsFor(8, 2, 8), 1)
  equal(columnsFor(9, 2, 8), 2)
})

test('agendaShown: leaves out ended items, and marks the current one', () => {
  const items = new Map([
    ['I1', item('talk', 'ended', 0, 60)],
    ['I2', item('talk', 'running', 60, 120)],
    ['I3', item('break', 'planned', 120, 150)],
  ])
  equal(agendaShown(items, 130 * m).map(({ id, current }) => [id, current]), [['I2', true], ['I3', true]])
  equal(agendaShown(items, 100 * m).map(({ id, current }) => [id, current]), [['I2', true], ['I3', false]])
})
