import type { LostCard } from '../shared/cards'
import { did as attendeeDid } from '../pages/attendee/command-labels'
import { did as interpreterDid } from '../pages/interpreter/command-labels'
import type { Sent } from '../shared/session'
import { equal, test } from '../testing/check'
import { choose, language } from '../shared/words'
import { unread } from './lost-commands'

const card = (wall: number): LostCard => ({ command: 'd/c' + wall, kind: 'setOut', by: 'interpreter:i01', wall })

const dismissed = (id: string, state: 'waiting' | 'rejected'): Sent => ({
  id: 'c1', n: 1, name: 'dismissLost', body: { lost: [id] },
  progress: state === 'waiting' ? { state } : { state, refusal: { code: 'forbidden' } },
})

test('lost: they stand as they were given, and "Got it" holds from the tap on, unless it is refused', () => {
  const cards = new Map([['l1', card(30)], ['l2', card(10)], ['l3', card(20)]])
  const left = (...sent: Sent[]) => unread(cards, sent).map(([id]) => id)
  equal(left(), ['l2', 'l3', 'l1'])
  equal(left(dismissed('l3', 'waiting')), ['l2', 'l1'])
  equal(left(dismissed('l3', 'rejected')), ['l2', 'l3', 'l1'])
})

test('lost: what was done has a name on the page that did it, and no gap where its things would stand', async () => {
  const before = language.value
  await choose('en')
  equal(['requestInterpreter', 'cancelRequest', 'later'].map(attendeeDid), ['Call an interpreter', 'Cancel request', 'later'])
  equal(['claimRequest', 'setOut', 'setDuty'].map(interpreterDid), ['Request taken', 'On the way', 'Duty'])
  await choose('zh')
  equal(interpreterDid('arrive'), '口译已到')
  await choose(before)
})
