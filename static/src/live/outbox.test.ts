import { equal, test } from '../testing/check'
import { memoryStore } from './storage'
import { Outbox, type Progress, randomID } from './outbox'
import { fromFragment, fromPath } from './signin'
import { Clocks } from './clock'
import { newerView, loadView, saveView } from './saved-view'

function box(store = memoryStore(), prefix = 'c') {
  const reports: [string, Progress][] = []
  let ids = 0
  const outbox = new Outbox(store, 'demo/l', () => `${prefix}${++ids}`, (entry, progress) => void reports.push([entry.id, progress]))
  return { outbox, reports, store }
}

test('outbox: survives a reload, in order, with its ids', () => {
  const { outbox, store } = box()
  outbox.put('arrive', { request: 'r1' }, 100, { base: 4 })
  outbox.put('releaseRequest', { request: 'r1' }, 50, { base: 4 }) // the device's clock went back
  const again = box(store, 'd').outbox
  equal(again.waiting.map((e) => [e.id, e.name, e.after]), [['c1', 'arrive', undefined], ['c2', 'releaseRequest', ['c1']]])
  again.accepted('c1', 5, [])
  equal(box(store).outbox.waiting.map((e) => e.id), ['c2'])
})

test('outbox: after names what the view does not show yet, and only of the same things', () => {
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

test('outbox: a refusal takes what was built on it along, and nothing else', () => {
  const { outbox, reports } = box()
  outbox.put('moveMeeting', { meeting: 'm1', table: 'T1' }, 1, {})
  outbox.put('lockMeeting', { meeting: 'm1', locked: true }, 2, {})
  outbox.put('lockMeeting', { meeting: 'm2', locked: true }, 3, {})
  outbox.rejected('c1', { code: 'locked' })
  equal(outbox.waiting.map((e) => e.id), ['c3'])
  equal(reports.slice(-2).map(([id, p]) => [id, p.state === 'rejected' && p.refusal.code]), [['c1', 'locked'], ['c2', 'after_missing']])
})

test('outbox: what came too early because the one before is put off goes again', () => {
  const { outbox } = box()
  outbox.put('setOut', { request: 'r1' }, 1, {})
  outbox.put('arrive', { request: 'r1' }, 2, {})
  equal(outbox.next()?.id, 'c1')
  equal(outbox.rejected('c1', { code: 'busy' }), true)
  equal(outbox.rejected('c2', { code: 'after_missing', params: { after: 'c1' } }), true)
  equal(outbox.waiting.map((e) => e.id), ['c1', 'c2'])
  equal(outbox.next()?.id, 'c1')
})

test('outbox: ids are 128 random bits of the alphabet that the wire allows', () => {
  equal(/^[0-9a-f]{32}$/.test(randomID()), true)
  equal(randomID() === randomID(), false)
})

test('sign-in: the fragment, the path, and what is neither', () => {
  equal(fromFragment('#demo.attendee-k03a.mWk9_-x'), { event: 'demo', link: 'attendee-k03a', secret: 'mWk9_-x' })
  for (const hash of ['', '#', '#demo', '#demo.attendee', '#a.b.c.d']) equal(fromFragment(hash), null, hash)
  equal(fromPath('/attendee/demo/attendee-k03a'), { event: 'demo', link: 'attendee-k03a' })
  for (const path of ['/', '/attendee', '/attendee/demo', '/a/b/c/d']) equal(fromPath(path), null, path)
})

test('clocks: the shortest round trip wins until it is old; a jump forgets it', () => {
  const clocks = new Clocks()
  const clock = { wall: 0, event: 0, rate: 1 }
  clocks.pong(10_500, clock, 1_000, 1_400) // the round trip is 400 ms, so the time is 10_700 there
  equal(clocks.wallAt(1_400), 10_700)
  clocks.pong(20_000, clock, 2_000, 3_000)
  equal(clocks.wallAt(1_400), 10_700, 'a longer trip')
  clocks.pong(11_050, clock, 1_990, 2_000)
  equal(clocks.wallAt(2_000), 11_055, 'a shorter trip')
  clocks.forgetMeasurement()
  clocks.pong(50_000, clock, 2_000, 4_000)
  equal(clocks.wallAt(4_000), 51_000, 'after a jump')
})

test('clocks: the event runs at its own rate', () => {
  const clocks = new Clocks()
  clocks.hello(2_000, { wall: 1_000, event: 500_000, rate: 20 }, 2_000)
  equal(clocks.eventAt(2_000), 520_000)
  equal(clocks.eventAt(2_500), 530_000)
})

test('kept views: one a link, the oldest make room, none half kept', () => {
  const store = memoryStore()
  const kept = (asOf: number) => ({ at: { epoch: 1, seq: 1, hash: '' }, subjects: '', cards: {}, you: { who: '', link: '', name: {} }, clock: { wall: 0, event: 0, rate: 1 }, offset: 0, asOf })
  for (let i = 1; i <= 8; i++) saveView(store, { event: 'demo', link: `l${i}` }, kept(i))
  equal(store.keys('mf.view/').length, 6)
  equal(loadView(store, { event: 'demo', link: 'l2' }), null)
  const full = { ...store, set: () => false }
  saveView(full, { event: 'demo', link: 'l8' }, kept(9))
  equal(loadView(store, { event: 'demo', link: 'l8' }), null, 'an old view where the new one did not fit')
})

test('opening: what the server sent along is shown, unless an old page was brought back', () => {
  const kept = (seq: number, epoch = 1) => ({ at: { epoch, seq, hash: '' }, subjects: 'old', cards: {}, you: { who: '', link: '', name: {} }, clock: { wall: 0, event: 0, rate: 1 }, offset: 0, asOf: 1 })
  const opening = {
    hello: { v: 1, event: 'demo', you: { who: 'attendee:a', link: 'attendee-a', name: {} }, subjects: 'new', now: 5_000, clock: { wall: 0, event: 0, rate: 1 } },
    snapshot: { at: { epoch: 1, seq: 7, hash: '' }, cards: { 'me/a': {} } },
  }
  const shown = (k: ReturnType<typeof kept> | null) => newerView(k, opening, 2_000)?.subjects
  equal([shown(null), shown(kept(6)), shown(kept(7)), shown(kept(8)), shown(kept(9, 0))], ['new', 'new', 'new', 'old', 'new'])
  equal(newerView(null, opening, 2_000)?.offset, 3_000)
  equal(newerView(null, undefined, 2_000), null)
})
