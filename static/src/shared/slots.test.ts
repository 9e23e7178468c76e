import { equal, test } from '../testing/check'
import type { ItemCard, RoundCard } from './cards'
import { currentSlot, minutesLate, slotActions, timeline } from './slots'

const round = (no: number, state: RoundCard['state'], start: number, end: number): RoundCard => ({ no, state, plan: { start, end }, now: { start, end } })

test('slots: the running slot is current, else the called, else the next', () => {
  const m = 60_000
  const rounds = new Map([['R1', round(1, 'ended', 0, 25 * m)], ['R2', round(2, 'called', 30 * m, 55 * m)], ['R3', round(3, 'planned', 60 * m, 85 * m)]])
  const talk: ItemCard = { kind: 'talk', name: { en: 'Talk' }, state: 'planned', plan: { start: -90 * m, end: -60 * m }, now: { start: -90 * m, end: -60 * m } }
  const line = timeline(rounds, new Map([['I1', talk]]))
  equal(line.map((s) => s.id), ['I1', 'R1', 'R2', 'R3'])
  equal(currentSlot(line, 29 * m)?.id, 'R2')
  rounds.set('R2', round(2, 'ended', 30 * m, 55 * m))
  equal(currentSlot(timeline(rounds, new Map([['I1', talk]])), 56 * m)?.id, 'R3', 'a talk that nobody started an hour ago is not next')
  const lunch = (state: ItemCard['state']): ReadonlyMap<string, ItemCard> =>
    new Map([['I2', { ...talk, kind: 'break', state, plan: { start: 58 * m, end: 62 * m }, now: { start: 58 * m, end: 62 * m } }]])
  rounds.set('R3', round(3, 'planned', 80 * m, 105 * m))
  const at = (state: ItemCard['state'], now: number): string | undefined => currentSlot(timeline(rounds, lunch(state)), now * m)?.id
  equal(at('planned', 58), 'I2')
  equal(at('planned', 63), 'R3', 'a lunch that nobody started is over at its end')
  equal(at('called', 61), 'I2')
  equal(at('called', 63), 'R3', 'a lunch that was called, too')
  equal(at('running', 63), 'I2', 'one that runs waits for its end')
  rounds.set('R3', round(3, 'planned', 70 * m, 95 * m))
  equal(at('planned', 54), 'I2')
  equal(at('planned', 55), 'R3', 'a round that is due comes first')
  equal(at('planned', 124), 'R3', 'a round waits to be started')
  equal(slotActions(rounds.get('R3')!), ['call', 'start', 'extend'])
  equal(minutesLate({ ...round(1, 'running', 0, 0), plan: { start: 0, end: 25 * m }, now: { start: 0, end: 28 * m } }), 3)
})
