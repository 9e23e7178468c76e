// A session without a server: fixed cards, a clock that stands still, an outbox that keeps
// everything.
import { computed, signal } from '@preact/signals-core'
import type { End } from '../live/connection'
import type { Live, You } from '../live/frames'
import type { Freshness } from '../live/freshness'
import type { Progress } from '../live/outbox'
import type { Commands } from '../shared/cards'
import type { Sent, Session } from '../shared/session'
import { timeZone } from '../shared/words'

export interface FakeSessionState {
  /** The cards of the view by key; the story that makes them holds their types. */
  cards: Record<string, unknown>
  you: You
  now: number
  link?: Freshness
  live?: Live
  sent?: { name: keyof Commands; body: unknown; progress: Progress }[]
}

export function fakeSession<K>(state: FakeSessionState): Session<K> {
  timeZone.value = 'Asia/Seoul'
  const kinds = new Map<string, Map<string, unknown>>()
  for (const [key, card] of Object.entries(state.cards)) {
    const slash = key.indexOf('/')
    const kind = kinds.get(key.slice(0, slash)) ?? new Map<string, unknown>()
    kinds.set(key.slice(0, slash), kind.set(key.slice(slash + 1), card))
  }
  let ids = 0
  const entry = (name: keyof Commands, body: unknown, progress: Progress): Sent => ({ id: `c${++ids}`, n: ids, name, body, progress })
  const sent = signal<readonly Sent[]>((state.sent ?? []).map((s) => entry(s.name, s.body, s.progress)))
  const of = (kind: string) => kinds.get(kind) ?? new Map<string, unknown>()
  return {
    key: { event: 'demo', link: state.you.link },
    you: signal(state.you),
    hasView: signal(kinds.size > 0),
    freshness: signal(state.link ?? { state: 'live', asOf: state.now }),
    live: signal(state.live ?? {}),
    ended: signal<End | null>(null),
    now: computed(() => state.now),
    sent,
    cardsOf: <N extends keyof K & string>(kind: N) => of(kind) as unknown as ReadonlyMap<string, K[N]>,
    singleCard: <N extends keyof K & string>(kind: N) => of(kind).values().next().value as K[N] | undefined,
    eventAt: (device) => device,
    wallAt: (device) => device,
    send(name, body) {
      const added = entry(name, body, { state: 'waiting' })
      sent.value = [...sent.value, added]
      return added.id
    },
    dismiss: (id) => void (sent.value = sent.value.filter((s) => s.id !== id)),
  }
}
