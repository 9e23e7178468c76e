// The live connection: dials, greets, folds, acknowledges, pings, gives up on the
// silent, comes back. All of time, chance and network comes in through World, so
// that tests play a venue's worst hour in a millisecond.
import type { Clocks } from './clock'
import type { Fold, Folded } from './fold'
import { type Accepted, type FromServer, type Live, type Patch, type Position, type Pong, protocolVersion, type Snapshot, type Welcome } from './frames'
import type { Heard } from './freshness'
import type { Outbox } from './outbox'
import { backoff, comeBack } from './reconnect'

/** World is what a connection needs of the browser. */
export interface World {
  now(): number // device time, milliseconds
  random(): number // in [0, 1)
  after(ms: number, then: () => void): () => void // answers how to cancel it
  dial(path: string, hears: SocketHears): Socket
  get(path: string): Promise<{ status: number; body: unknown }> // rejects where there is no answer
}

export interface Socket {
  send(text: string): void
  close(): void
}

export interface SocketHears {
  opened(): unknown
  text(text: string): unknown
  closed(code: number): unknown
}

/** Where a connection ends for good. */
export type End = 'signedOut' | 'noEvent' | 'broken' | 'reload'

/** What a connection tells its owner. */
export interface Owner {
  viewChanged(): void
  greeted(welcome: Welcome): void
  live(live: Live): void
  linkChanged(): void
  ended(why: End): void
}

export interface Address {
  live: string // path of the WebSocket
  snapshot: string // path of the view by GET
  personal: boolean // the view is one person's: what reaches it is acknowledged at once
}

export const toConnect = 6_000
export const toAnswer = 4_000
const toSettle = 10_000 // from hello until the view is confirmed, or its GET is named
const pingInSight = 20_000
const pingHidden = 60_000
const ackLatest = 10_000
const ackBytes = 16 * 1024 // and every frame counts for a quarter of it at least
const pingFetching = 5_000
const fetchTries = 3

const personalKinds = /^(notice|meeting|request|offer|assignment)\//

/** Something was missed: come back as after the close code that says the same. */
const missed = 4002

type Phase = 'resting' | 'dialling' | 'greeting' | 'open' | 'ended'

export class Connection {
  readonly heard: Heard
  private phase: Phase = 'resting'
  private socket: Socket | null = null
  private hurried = true // a wake may cut the present rest short
  private failures = 0
  private before = 0 // the code of the close before
  private settled = false // the view has been confirmed on this connection
  private hidden = false
  subjects: string // the hash that goes with the view when that is kept
  private pinged: { n: number; at: number } | null = null
  private pings = 0
  private unacked = 0
  private arriving = 0 // what the frame at hand adds to that
  private resends = 0
  private timers = new Map<string, () => void>()

  constructor(
    private world: World,
    private address: Address,
    private fold: Fold,
    private clocks: Clocks,
    private outbox: Outbox,
    private owner: Owner,
    kept: { subjects: string; asOf: number },
  ) {
    this.subjects = kept.subjects
    this.heard = { met: false, last: kept.asOf, due: world.now(), serverStale: 0 }
  }

  start(hidden: boolean): void {
    this.hidden = hidden
    this.dial()
  }

  /** stop ends the connection for good. */
  stop(): void {
    this.phase = 'ended'
    this.hangUp()
  }

  /** setHidden says whether the page is in sight; out of sight it tells so and pings less. */
  setHidden(hidden: boolean): void {
    if (hidden === this.hidden) return
    this.hidden = hidden
    if (!hidden) this.wake()
    else if (this.phase === 'open') this.ping()
  }

  /** wake makes sure now that the connection lives: the page came back, or time jumped. */
  wake(): void {
    const now = this.world.now()
    if (this.phase === 'resting' && this.hurried) this.dial()
    if (this.phase !== 'open') return
    if (!this.pinged) this.ping()
    else if (now - this.pinged.at > toAnswer) this.lost(1006)
  }

  /** flush sends what waits in the outbox, unless the server asked for a pause. */
  flush(): void {
    if (this.phase !== 'open' || this.timers.has('resend')) return
    const command = this.outbox.next()
    if (command) this.send({ command })
  }

  private dial(): void {
    this.hangUp()
    this.phase = 'dialling'
    this.heard.due ||= this.world.now()
    this.timer('connect', toConnect, () => this.lost(1006))
    // A socket that was given up may still speak; only the present one is listened to.
    const mine = () => this.socket === socket
    const socket: Socket = this.world.dial(this.address.live, {
      opened: () => mine() && this.greet(),
      text: (text) => mine() && this.text(text),
      closed: (code) => mine() && this.lost(code),
    })
    this.socket = socket
  }

  private greet(): void {
    this.phase = 'greeting'
    this.timer('connect', toAnswer, () => this.lost(1006))
    const have = this.fold.view?.at
    // What is undefined is left out of the JSON.
    this.send({ hello: { v: protocolVersion, have, subjects: have && this.subjects, hidden: this.hidden || undefined } })
  }

  private text(text: string): void {
    let frame: FromServer
    try {
      frame = JSON.parse(text) as FromServer
    } catch {
      return this.lost(1006) // no frame of ours: begin anew
    }
    this.arriving = Math.max(ackBytes / 4, 3 * text.length) // what UTF-8 makes of it at most
    this.take(frame)
    if (this.settled) this.vouch()
    this.owner.linkChanged()
  }

  private take(frame: FromServer): void {
    if (frame.hello) this.welcome(frame.hello)
    else if (frame.snapshot) this.snapshot(frame.snapshot)
    else if (frame.patch) this.patch(frame.patch)
    else if (frame.pong) this.pong(frame.pong)
    else if (frame.live) this.live(frame.live)
    else if (frame.accepted) this.accepted(frame.accepted)
    else if (frame.rejected) this.rejected(frame.rejected.id, frame.rejected.code, frame.rejected.params)
    // An error frame only announces the close that follows it; other names are of a later version.
  }

  private welcome(welcome: Welcome): void {
    this.phase = 'open'
    this.subjects = welcome.subjects
    this.clocks.hello(welcome.now, welcome.clock, this.world.now())
    this.timer('connect', toSettle, () => this.lost(1006))
    this.owner.greeted(welcome)
    this.outbox.connected()
    this.flush()
    this.ping() // the first measure of the clocks
  }

  private snapshot(snapshot: Snapshot): void {
    const folded = this.fold.snapshot(snapshot)
    if (folded !== 'fetch') return this.folded(folded, true)
    this.cancel('connect')
    this.timer('ping', pingFetching, () => this.ping())
    void this.fetch(snapshot.get ?? this.address.snapshot, snapshot.at, fetchTries)
  }

  /** fetch gets the cards of a large snapshot; what comes meanwhile is held by the fold. */
  private async fetch(path: string, asked: Position, tries: number): Promise<void> {
    const { status, body } = await this.world.get(path).catch(() => ({ status: 0, body: null }))
    if (this.fold.fetching !== asked) return // that connection is gone, or another snapshot came
    if (status === 401) return this.end('signedOut')
    const passing = status === 0 || status === 429 || status >= 500
    if (passing && tries > 1) {
      const pause = backoff(fetchTries - tries, this.world.random())
      return this.timer('fetch', pause, () => void this.fetch(path, asked, tries - 1))
    }
    if (status !== 200) return this.lost(1006)
    this.folded(this.fold.fetched(asked, body as Snapshot), true)
    this.owner.linkChanged()
  }

  private patch(patch: Patch): void {
    const mine = this.address.personal && Object.keys(patch.set ?? {}).some((key) => personalKinds.test(key))
    this.folded(this.fold.patch(patch), mine)
  }

  /** folded acts on what a frame did to the view. */
  private folded(folded: Folded, urgent: boolean): void {
    if (folded === 'gap') return this.lost(missed)
    if (folded === 'held') return
    this.settle()
    if (folded === 'applied') {
      this.outbox.reached(this.fold.view?.at.seq ?? 0)
      this.owner.viewChanged()
    }
    this.unacked += this.arriving
    if (urgent || this.hidden || this.unacked >= ackBytes) this.ack()
    else if (!this.timers.has('ack')) this.timer('ack', ackLatest, () => this.ack())
  }

  private settle(): void {
    if (this.settled) return
    this.settled = true
    this.failures = 0
    this.vouch()
    this.cancel('connect')
  }

  /** vouch notes that what is shown is true now; a greeting alone says nothing about the view. */
  private vouch(): void {
    this.heard.last = this.world.now()
    this.heard.met = true
    this.heard.due = 0
  }

  private ack(): void {
    this.send({ ack: { seq: this.acknowledged() } })
  }

  private acknowledged(): number {
    this.unacked = 0
    this.cancel('ack')
    return this.fold.view?.at.seq ?? 0
  }

  private ping(): void {
    const now = this.world.now()
    const n = ++this.pings
    this.pinged = { n, at: now }
    this.heard.due ||= now
    // Without a whole view there is nothing to acknowledge yet.
    this.send({ ping: { n, ack: this.settled ? this.acknowledged() : undefined, hidden: this.hidden || undefined } })
    this.timer('pong', toAnswer, () => this.lost(1006))
    this.timer('ping', this.fold.fetching ? pingFetching : this.hidden ? pingHidden : pingInSight, () => this.ping())
  }

  private pong(pong: Pong): void {
    if (pong.n !== this.pinged?.n) return // answers an earlier one; the clocks are measured by the last
    this.clocks.pong(pong.now, pong.clock, this.pinged.at, this.world.now())
    this.pinged = null
    this.cancel('pong')
    const told = this.settled || this.fold.fetching // before the first snapshot or patch its position says nothing
    if (told && this.fold.pong(pong) === 'gap') this.lost(missed)
  }

  private live(live: Live): void {
    const since = live.staleSince
    // The journal is back: what was put off because of it need not wait out its pause.
    if (this.heard.serverStale && !since) this.resend(0)
    this.heard.serverStale = since ? since - this.clocks.wallAt(0) : 0
    this.owner.live(live)
  }

  private accepted({ id, seq, notes }: Accepted): void {
    this.resends = 0
    this.outbox.accepted(id, seq, notes ?? [])
    this.outbox.reached(this.fold.view?.at.seq ?? 0)
    this.flush()
  }

  private rejected(id: string, code: string, params?: Record<string, string>): void {
    const again = this.outbox.rejected(id, { code, params })
    if (!again) return this.flush()
    if (!this.timers.has('resend')) this.resend(500 + backoff(this.resends++, this.world.random()))
  }

  private resend(pause: number): void {
    this.timer('resend', pause, () => {
      this.cancel('resend')
      this.flush()
    })
  }

  /** lost gives this socket up and decides when to come back. */
  private lost(code: number): void {
    this.hangUp()
    if (this.phase === 'ended') return
    this.phase = 'resting'
    this.heard.due ||= this.world.now()
    const next = comeBack(code, this.before, this.failures++, this.world.random())
    this.before = code
    if ('stop' in next) return this.end(next.stop)
    if ('reload' in next) return this.timer('dial', next.reload, () => this.end('reload'))
    this.rest(next.again, code !== 4001)
  }

  private rest(ms: number, hurried: boolean): void {
    this.hurried = hurried
    this.timer('dial', ms, () => this.dial())
    this.owner.linkChanged()
  }

  private end(why: End): void {
    this.stop()
    this.owner.ended(why)
  }

  private hangUp(): void {
    const socket = this.socket
    this.socket = null
    this.settled = false
    this.pinged = null
    this.unacked = 0
    for (const name of [...this.timers.keys()]) this.cancel(name)
    this.fold.disconnected()
    socket?.close()
  }

  private send(frame: unknown): void {
    this.socket?.send(JSON.stringify(frame))
  }

  private timer(name: string, ms: number, then: () => void): void {
    this.cancel(name)
    this.timers.set(name, this.world.after(ms, then))
  }

  private cancel(name: string): void {
    this.timers.get(name)?.()
    this.timers.delete(name)
  }
}
