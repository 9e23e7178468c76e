// A session follows one event with one link, as signals that a page's components read.
import { batch, type ReadonlySignal, signal } from '@preact/signals-core'
import { browserEnvironment, watchWakeUps } from '../live/browser'
import { Clocks } from '../live/clock'
import { Connection, type End, type EventPaths } from '../live/connection'
import { Fold } from '../live/fold'
import type { Live, Welcome, You } from '../live/frames'
import { type Freshness, freshness } from '../live/freshness'
import { type Entry, Outbox, type Progress, randomID } from '../live/outbox'
import { deleteView, loadView, newerView, type SavedView, saveView } from '../live/saved-view'
import type { InitialFrames, SessionKey } from '../live/signin'
import { deviceStore, type KeyValueStore } from '../live/storage'
import { cardsOf, fromSnapshot, type Kind, type View } from '../live/view'
import type { ClockCard, Commands } from './cards'
import { timeZone } from './words'

export interface Sent extends Entry {
  progress: Progress
}

export interface SendOptions {
  /** Refuse the command if what it changes has changed since the view showed it. Default true. */
  checked?: boolean
  /** Milliseconds after which the command must not be applied any more. */
  within?: number
}

/** Session is a page's access to its event; K maps the kinds of its cards to their types. */
export interface Session<K> {
  readonly key: SessionKey
  readonly you: ReadonlySignal<You | null>
  /** Whether there is a view, even an old one. */
  readonly hasView: ReadonlySignal<boolean>
  readonly freshness: ReadonlySignal<Freshness>
  readonly live: ReadonlySignal<Live>
  readonly ended: ReadonlySignal<End | null>
  /** The event's time in milliseconds, at whole seconds; it ticks. */
  readonly now: ReadonlySignal<number>
  /** Commands that the view does not show yet, and refused ones until they are dismissed, in order. */
  readonly sent: ReadonlySignal<readonly Sent[]>
  /** cardsOf returns the cards of a kind by id, and subscribes to them. */
  cardsOf<N extends keyof K & string>(kind: N): ReadonlyMap<string, K[N]>
  /** singleCard returns the card of a kind that has only one. */
  singleCard<N extends keyof K & string>(kind: N): K[N] | undefined
  /** eventAt returns the event's time at a time of this device, wallAt the server's. */
  eventAt(device: number): number
  wallAt(device: number): number
  /** send puts a command in the outbox and returns its id, or null if too many are waiting. */
  send<C extends keyof Commands>(name: C, body: Commands[C], options?: SendOptions): string | null
  /** dismiss removes a refused command that its sender has read. */
  dismiss(id: string): void
}

const noCards: Kind = new Map()
const saveInterval = 2_000

/** openSession starts a session over the browser's network. The page must have signed in. */
export function openSession<K>(key: SessionKey, personal: boolean, initial?: InitialFrames): Session<K> {
  const session = new LiveSession<K>(key, personal, deviceStore(), initial)
  session.start()
  return session
}

class LiveSession<K> implements Session<K> {
  readonly you = signal<You | null>(null)
  readonly hasView = signal(false)
  readonly freshness = signal<Freshness>({ state: 'waking', asOf: 0 })
  readonly live = signal<Live>({})
  readonly ended = signal<End | null>(null)
  readonly now = signal(0)
  readonly sent = signal<readonly Sent[]>([])
  private kindSignals = new Map<string, ReturnType<typeof signal<Kind>>>()
  private clocks = new Clocks()
  private fold: Fold
  private outbox: Outbox
  private connection: Connection
  private saveTimer = 0

  constructor(
    readonly key: SessionKey,
    personal: boolean,
    private store: KeyValueStore,
    initial: InitialFrames | undefined,
  ) {
    const saved = newerView(loadView(store, key), initial, Date.now())
    this.fold = new Fold(saved ? fromSnapshot(saved.at, saved.cards) : null)
    if (saved) this.restore(saved)
    this.outbox = new Outbox(store, `${key.event}/${key.link}`, randomID, (entry, progress) => this.onProgress(entry, progress))
    this.sent.value = this.outbox.waiting.map((entry) => ({ ...entry, progress: { state: 'waiting' } }))
    this.connection = new Connection(browserEnvironment, eventPaths(key, personal), this.fold, this.clocks, this.outbox, {
      onViewChange: () => this.publish(this.fold.view),
      onHello: (welcome) => this.onHello(welcome),
      onLive: (live) => (this.live.value = live),
      onFreshnessChange: () => this.tick(),
      onEnd: (why) => this.end(why),
    }, { subjects: saved?.subjects ?? '', asOf: saved?.asOf ?? 0 })
  }

  start(): void {
    this.publish(this.fold.view)
    this.connection.start(document.hidden)
    watchWakeUps(this.connection, () => this.clocks.forgetMeasurement())
    window.addEventListener('pagehide', () => this.save())
    document.addEventListener('visibilitychange', () => (document.hidden ? this.save() : this.tick()))
    this.scheduleTick()
  }

  cardsOf<N extends keyof K & string>(kind: N): ReadonlyMap<string, K[N]> {
    return this.kindSignal(kind).value as ReadonlyMap<string, K[N]>
  }

  singleCard<N extends keyof K & string>(kind: N): K[N] | undefined {
    return this.cardsOf(kind).values().next().value
  }

  eventAt(device: number): number {
    return this.clocks.eventAt(device)
  }

  wallAt(device: number): number {
    return this.clocks.wallAt(device)
  }

  send<C extends keyof Commands>(name: C, body: Commands[C], options: SendOptions = {}): string | null {
    const now = Date.now()
    const entry = this.outbox.put(name, body, now, {
      base: options.checked === false ? undefined : this.fold.view?.at.seq,
      until: options.within && Math.round(this.clocks.wallAt(now)) + options.within,
    })
    this.connection.flush()
    return entry && entry.id
  }

  dismiss(id: string): void {
    this.sent.value = this.sent.value.filter((sent) => sent.id !== id)
  }

  private kindSignal(kind: string): ReturnType<typeof signal<Kind>> {
    let of = this.kindSignals.get(kind)
    if (!of) this.kindSignals.set(kind, (of = signal<Kind>(this.fold.view?.kinds.get(kind) ?? noCards)))
    return of
  }

  /** publish sets the signals from the view; the signal of a kind that did not change keeps its map. */
  private publish(view: View | null): void {
    if (!view) return
    batch(() => {
      this.kindSignals.forEach((of, kind) => (of.value = view.kinds.get(kind) ?? noCards))
      this.hasView.value = true
      const event = view.kinds.get('event')?.values().next().value as { timeZone?: string } | undefined
      if (event?.timeZone) timeZone.value = event.timeZone
      const clock = view.kinds.get('clock')?.get('clock') as ClockCard | undefined
      if (clock) this.clocks.event = clock
      const pending = this.sent.value.filter(({ progress: p }) => p.state !== 'accepted' || p.seq > view.at.seq)
      if (pending.length < this.sent.value.length) this.sent.value = pending
      this.tick()
    })
    if (!this.saveTimer) this.saveTimer = window.setTimeout(() => this.save(), saveInterval)
  }

  private onHello(welcome: Welcome): void {
    this.you.value = welcome.you
    this.tick()
  }

  private onProgress(entry: Entry, progress: Progress): void {
    const rest = this.sent.value.filter((sent) => sent.id !== entry.id)
    const landed = progress.state === 'accepted' && progress.seq <= (this.fold.view?.at.seq ?? 0)
    this.sent.value = landed ? rest : [...rest, { ...entry, progress }].sort((a, b) => a.n - b.n)
  }

  private restore(saved: SavedView): void {
    this.you.value = saved.you
    const now = Date.now()
    this.clocks.hello(now + saved.offset, saved.clock, now)
  }

  private save(): void {
    clearTimeout(this.saveTimer)
    this.saveTimer = 0
    const view = this.fold.view
    if (!view || !this.you.value || this.ended.value) return
    saveView(this.store, this.key, {
      at: view.at,
      subjects: this.connection.subjects,
      cards: cardsOf(view),
      you: this.you.value,
      clock: this.clocks.event,
      offset: this.clocks.wallAt(0),
      asOf: this.connection.frameTimes.trueUntil,
    })
  }

  private end(why: End): void {
    if (why === 'signedOut' || why === 'noEvent') {
      this.ended.value = why
      deleteView(this.store, this.key)
      this.outbox.clear()
      this.sent.value = []
      return
    }
    this.save()
    if (why === 'reload') return location.reload()
    this.ended.value = why
  }

  /** tick sets the signals that depend on time alone, if they changed. */
  private tick(): void {
    const now = Date.now()
    this.now.value = Math.floor(this.clocks.eventAt(now) / 1000) * 1000
    const fresh = freshness(this.connection.frameTimes, now)
    const shown = this.freshness.peek()
    if (shown.state !== fresh.state || Math.floor(shown.asOf / 60_000) !== Math.floor(fresh.asOf / 60_000)) this.freshness.value = fresh
  }

  /** scheduleTick ticks at each second of the event's clock, at most four times a second. */
  private scheduleTick(): void {
    if (!document.hidden) this.tick()
    const event = this.clocks.eventAt(Date.now())
    const left = (1000 - (event % 1000)) / (this.clocks.event.rate || 1)
    setTimeout(() => this.scheduleTick(), Math.max(250, left))
  }
}

function eventPaths(key: SessionKey, personal: boolean): EventPaths {
  const path = `/api/v1/events/${key.event}/`
  const as = `?as=${key.link}`
  return { live: path + 'live' + as, snapshot: path + 'snapshot' + as, personal }
}
