import { equal, test } from '../testing/check'
import { Outbox, type Progress, randomID } from './outbox'
import { memoryStore } from './storage'

function box(store = memoryStore(), prefix = 'c') {
  const reports: [string, Progress][] = []
  let ids = 0
  const outbox = new Outbox(store, 'demo/l', () => `${prefix}${++ids}`, (entry, progress) => void reports.push([entry.id, progress]))
  return { outbox, reports, store }
}

test('outbox: keeps commands over a reload, in order, with their ids', () => {
  const { outbox, store } = box()
  outbox.put('arrive', { request: 'r1' }, 100, { base: 4 })
  outbox.put('releaseRequest', { request: 'r1' }, 50, { base: 4 }) // the device's clock went back
  const again = box(store, 'd').outbox
  equal(again.waiting.map((e) => [e.id, e.name, e.after]), [['c1', 'arrive', undefined], ['c2', 'releaseRequest', ['c1']]])
  again.accepted('c1', 5, [])
  equal(box(store).outbox.waiting.map((e) => e.id), ['c2'])
})

test('outbox: a command depends on earlier ones about the same thing that the view does not show', () => {
  const { outbox } = box()
  outbox.put('markPresent', { meeting: 'm1', side: 'host' }, 1, {})
  outbox.put('markPresent', { meeting: 'm2', side: 'host' }, 2, {})
  outbox.put('moveMeeting', { meeting: 'm1', table: 'T7', round: 'R2' }, 3, {})
  outbox.put('moveMeeting', { meeting: 'm2', table: 'T8', round: 'R2' }, 4, {})
  equal(outbox.waiting.map((e) => e.after), [undefined, undefined, ['c1'], ['c2']])
  outbox.accepted('c1', 10, [])
  outbox.accepted('c2', 11, [])
  outbox.viewReached(10) // m1's first change is in the view, m2's is not
  outbox.put('lockMeeting', { meeting: 'm1', locked: true }, 5, {})
  outbox.put('lockMeeting', { meeting: 'm2', locked: true }, 6, {})
  equal(outbox.waiting.slice(-2).map((e) => e.after), [['c3'], ['c2', 'c4']])
})

test('outbox: a rejection also rejects the commands that depend on it, and no others', () => {
  const { outbox, reports } = box()
  outbox.put('moveMeeting', { meeting: 'm1', table: 'T1' }, 1, {})
  outbox.put('lockMeeting', { meeting: 'm1', locked: true }, 2, {})
  outbox.put('lockMeeting', { meeting: 'm2', locked: true }, 3, {})
  outbox.rejected('c1', { code: 'locked' })
  equal(outbox.waiting.map((e) => e.id), ['c3'])
  equal(reports.slice(-2).map(([id, p]) => [id, p.state === 'rejected' && p.refusal.code]), [['c1', 'locked'], ['c2', 'after_missing']])
})

test('outbox: a command that was too early because the one before is retried goes again', () => {
  const { outbox } = box()
  outbox.put('setOut', { request: 'r1' }, 1, {})
  outbox.put('arrive', { request: 'r1' }, 2, {})
  equal(outbox.next()?.id, 'c1')
  equal(outbox.rejected('c1', { code: 'busy' }), true)
  equal(outbox.rejected('c2', { code: 'after_missing', params: { after: 'c1' } }), true)
  equal(outbox.waiting.map((e) => e.id), ['c1', 'c2'])
  equal(outbox.next()?.id, 'c1')
})

test('randomID: 128 random bits in hexadecimal', () => {
  equal(/^[0-9a-f]{32}$/.test(randomID()), true)
  equal(randomID() === randomID(), false)
})
