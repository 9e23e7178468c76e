import { equal, test } from '../testing/check'
import { loadView, newerView, saveView } from './saved-view'
import { memoryStore } from './storage'

test('saved-view: one for each link, the oldest are evicted, none is left if the new one does not fit', () => {
  const store = memoryStore()
  const kept = (asOf: number) => ({ at: { epoch: 1, seq: 1, hash: '' }, subjects: '', cards: {}, you: { who: '', link: '', name: {} }, clock: { wall: 0, event: 0, rate: 1 }, offset: 0, asOf })
  for (let i = 1; i <= 8; i++) saveView(store, { event: 'demo', link: `l${i}` }, kept(i))
  equal(store.keys('mf.view/').length, 6)
  equal(loadView(store, { event: 'demo', link: 'l2' }), null)
  const full = { ...store, set: () => false }
  saveView(full, { event: 'demo', link: 'l8' }, kept(9))
  equal(loadView(store, { event: 'demo', link: 'l8' }), null, 'an old view where the new one did not fit')
})

test('newerView: the frames in the page are used, unless the saved view is newer', () => {
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
