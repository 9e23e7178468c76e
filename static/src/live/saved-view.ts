// The last view of each link, saved on the device and shown at once at the next visit.
import type { EventClock } from '../shared/cards'
import type { Cards, Position, You } from './frames'
import type { InitialFrames, SessionKey } from './signin'
import { type KeyValueStore, parseStored } from './storage'

export interface SavedView {
  at: Position
  subjects: string
  cards: Cards
  you: You
  clock: EventClock
  offset: number // server's wall time minus this device's time
  asOf: number // device time at which the view was last known to be true
}

const prefix = 'mf.view/'

/** A shared phone may hold the views of several links; the oldest ones are removed. */
const maxSavedViews = 6

const nameOf = (key: SessionKey) => `${prefix}${key.event}/${key.link}`

export function loadView(store: KeyValueStore, key: SessionKey): SavedView | null {
  return parseStored<SavedView>(store.get(nameOf(key)))
}

/** newerView returns the newer of the view in the page's HTML and the saved one. */
export function newerView(saved: SavedView | null, initial: InitialFrames | undefined, now: number): SavedView | null {
  const cards = initial?.snapshot.cards
  if (!initial || !cards) return saved
  const { at } = initial.snapshot
  if (saved && saved.at.epoch === at.epoch && saved.at.seq > at.seq) return saved // the browser restored an old page
  const { you, subjects, clock, now: server } = initial.hello
  return { at, cards, you, subjects, clock, offset: server - now, asOf: now }
}

/** saveView saves a view. If it does not fit, it removes the saved one, which would be shown as the last. */
export function saveView(store: KeyValueStore, key: SessionKey, view: SavedView): void {
  const storedAs = nameOf(key)
  if (!store.get(storedAs)) evictOldest(store)
  if (!store.set(storedAs, JSON.stringify(view))) store.remove(storedAs)
}

export function deleteView(store: KeyValueStore, key: SessionKey): void {
  store.remove(nameOf(key))
}

function evictOldest(store: KeyValueStore): void {
  const ages = store
    .keys(prefix)
    .map((key) => ({ key, asOf: parseStored<SavedView>(store.get(key))?.asOf ?? 0 }))
    .sort((a, b) => b.asOf - a.asOf)
  for (const { key } of ages.slice(maxSavedViews - 1)) store.remove(key)
}
