import type { LostCard } from '../shared/cards'
import type { Sent } from '../shared/session'
import { equal, test } from '../testing/check'
import { unacknowledged } from './lost-commands'

const card = (wall: number): LostCard => ({ command: 'd/c' + wall, kind: 'setOut', by: 'interpreter:i01', wall })

const dismissed = (id: string, state: 'waiting' | 'rejected'): Sent => ({
  id: 'c1', n: 1, name: 'dismissLost', body: { lost: [id] },
  progress: state === 'waiting' ? { state } : { state, refusal: { code: 'forbidden' } },
})

test('unacknowledged: in the order given, without a command whose dismissal is sent, with one whose dismissal was refused', () => {
  const cards = new Map([['l1', card(30)], ['l2', card(10)], ['l3', card(20)]])
  const left = (...sent: Sent[]) => unacknowledged(cards, sent).map(([id]) => id)
  equal(left(), ['l2', 'l3', 'l1'])
  equal(left(dismissed('l3', 'waiting')), ['l2', 'l1'])
  equal(left(dismissed('l3', 'rejected')), ['l2', 'l3', 'l1'])
})
