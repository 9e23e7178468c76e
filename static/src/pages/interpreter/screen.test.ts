import type { AssignmentCard, OfferCard, InterpreterSelfCard } from '../../shared/cards'
import { equal, test } from '../../testing/check'
import { rounds } from '../../testing/fixtures'
import { type ScreenInput, screenOf } from './screen'

const self: InterpreterSelfCard = { name: { ko: '최은지' }, pairs: ['ko-zh'], duty: 'on' }
const offer = (at: number, more: Partial<OfferCard> = {}): OfferCard => ({
  place: { round: 'R2', table: 'T12', label: '12' }, host: { ko: 'H' }, guest: { zh: 'G' }, pair: 'ko-zh', state: 'requested', at, ...more,
})
const assignment = (round: string, more: Partial<AssignmentCard> = {}): AssignmentCard => ({
  place: { round, table: 'T07', label: '07' }, host: { ko: 'H' }, guest: { zh: 'G' }, pair: 'ko-zh', ...more,
})

const screen = (offers: Record<string, OfferCard>, assignments: Record<string, AssignmentCard> = {}, more: Partial<ScreenInput> = {}) =>
  screenOf({
    self,
    rounds: new Map(Object.entries(rounds(2, 'running')).map(([key, card]) => [key.slice(6), card])),
    assignments: new Map(Object.entries(assignments)),
    offers: new Map(Object.entries(offers)),
    notices: new Map(),
    sent: [],
    ...more,
  })

test('interpreter screen: the longest wait first, requests of others apart', () => {
  const s = screen({ a: offer(30), b: offer(10), c: offer(5, { state: 'claimed', claimant: { zh: '李敏' } }) })
  equal(s.unclaimed.map((o) => o.id), ['b', 'a'])
  equal(s.claimedByOthers.map((o) => o.id), ['c'])
  equal(s.busy, false)
})

test('interpreter screen: a claimed request or a running meeting makes them busy', () => {
  const taken = screen({ a: offer(1, { state: 'onTheWay', mine: true }) })
  equal([taken.claimed?.id, taken.busy, taken.claimedByOthers.length], ['a', true, 0])
  const running = screen({}, { m: assignment('R2'), n: assignment('R4') })
  equal([running.current?.id, running.busy, running.ahead.map((a) => a.id)], ['m', true, ['n']])
  equal(screen({}, { m: assignment('R2', { cancelled: true }) }).busy, false)
})

test('interpreter screen: without ended assignments, in order of time', () => {
  equal(screen({}, { c: assignment('R6'), a: assignment('R1'), b: assignment('R3') }).ahead.map((a) => a.id), ['b', 'c'])
})

test('interpreter screen: off duty before their card has come', () => equal(screen({}, {}, { self: undefined }).duty, 'off'))
