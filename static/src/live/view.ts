// A view is the cards that a client holds and the position at which they are true. Views are
// values: a patch makes a new one, which shares the kinds that did not change.
import type { Cards, Patch, Position } from './frames'

/** Kind maps the ids of one kind of cards to the cards. */
export type Kind = ReadonlyMap<string, unknown>

export interface View {
  readonly at: Position
  readonly kinds: ReadonlyMap<string, Kind>
}

const split = (key: string): [kind: string, id: string] => {
  const slash = key.indexOf('/')
  return [key.slice(0, slash), key.slice(slash + 1)]
}

/** fromSnapshot returns a view of these cards. */
export function fromSnapshot(at: Position, cards: Cards): View {
  const kinds = new Map<string, Map<string, unknown>>()
  for (const key of Object.keys(cards)) {
    const [kind, id] = split(key)
    let of = kinds.get(kind)
    if (!of) kinds.set(kind, (of = new Map()))
    of.set(id, cards[key])
  }
  return { at, kinds }
}

/** Step is what a patch does to a view: a new view, nothing, or a gap if a frame was missed. */
export type PatchResult = View | 'ignore' | 'gap'

/** applyPatch follows the rules of PROTOCOL.md, "patch". */
export function applyPatch(view: View, patch: Patch): PatchResult {
  if (patch.to.epoch !== view.at.epoch) return 'gap'
  if (patch.to.seq <= view.at.seq) return 'ignore'
  if (view.at.seq < patch.from) return 'gap'
  const kinds = new Map(view.kinds)
  const fresh = new Map<string, Map<string, unknown>>()
  const own = (kind: string): Map<string, unknown> => {
    let of = fresh.get(kind)
    if (!of) {
      fresh.set(kind, (of = new Map(kinds.get(kind))))
      kinds.set(kind, of)
    }
    return of
  }
  const set = patch.set ?? {}
  for (const key of Object.keys(set)) {
    const [kind, id] = split(key)
    own(kind).set(id, set[key])
  }
  for (const key of patch.drop ?? []) {
    const [kind, id] = split(key)
    own(kind).delete(id)
  }
  return { at: patch.to, kinds }
}

/** cardsOf returns a view's cards by their whole keys, as they are saved. */
export function cardsOf(view: View): Cards {
  const cards: Cards = {}
  view.kinds.forEach((of, kind) => of.forEach((card, id) => (cards[kind + '/' + id] = card)))
  return cards
}

/** behind reports whether a view lacks part of what the server has sent up to a position. */
export function behind(have: Position, sent: Position): boolean {
  if (have.epoch !== sent.epoch) return true
  return have.seq < sent.seq || (have.seq === sent.seq && have.hash !== sent.hash)
}
