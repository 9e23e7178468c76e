// The live connection: it dials, greets, applies frames, acknowledges, pings, gives up on a silent
// socket and reconnects. Time, randomness and the network come from an Environment, so that tests
// run hours of a poor network in milliseconds.
import type { Clocks } from './clock'
import type { Fold, FoldResult } from './fold'
import { type Accepted, type FromServer, type Live, type Patch, type Pong, type Position, protocolVersion, type Snapshot, type Welcome } from './frames'
import type { FrameTimes } from './freshness'
import type { Outbox } from './outbox'
import { backoff, reconnectAfter } from './reconnect'

/** Environment is what a connection needs from the browser. */
export interface Environment {
  now(): number // device time, milliseconds
  random(): number // in [0, 1)
  after(ms: number, then: () => void): () => void // returns a function that cancels it
  dial(path: string, handler: SocketHandler): Socket
  get(path: string): Promise<{ status: number; body: unknown }> // rejects if there is no response
}

export interface Socket {
  send(text: string): void
  close(): void
}

export interface SocketHandler {
  onOpen(): unknown
  onText(text: string): unknown
  onClose(code: number): unknown
}

/** End is why a connection ended for good. */
export type End = 'signedOut' | 'noEvent' | 'broken' | 'reload'

/** ConnectionListener receives what a connection learns. */
export interface ConnectionListener {
  onViewChange(): void
  onHello(welcome: Welcome): void
  onLive(live: Live): void
  onFreshnessChange(): void
  onEnd(why: End): void
}

export interface EventPaths {
  live: string // path of the WebSocket
  snapshot: string // path of the view by GET
  personal: boolean // the view belongs to one person: its changes are acknowledged at once
}

const connectTimeout = 6_000
const answerTimeout = 4_000
const viewTimeout = 10_000 // from hello until the view is confirmed or its GET is named
const pingVisible = 20_000
const pingHidden = 60_000
const ackDelay = 10_000
const ackBytes = 16 * 1024 // every frame counts for at least a quarter of it
const pingFetching = 5_000
const fetchTries = 3

const personalKinds = /^(notice|meeting|request|offer|assignment)\//

/** gapClose is the close code for a missed frame: the connection reconnects as after that code. */
const gapClose = 4002

type Phase = 'resting' | 'dialling' | 'greeting' | 'open' | 'ended'

export class Connection {
  readonly frameTimes: FrameTimes
  private phase: Phase = 'resting'
  private socket: Socket | null = null
  private mayDialEarly = true // a wake-up may end the present pause early
  private failures = 0
  private previousCode = 0 // the code of the previous close
  private viewConfirmed = false // the view has been confirmed on this connection
  private hidden = false
  subjects: string // the hash that is saved with the view
  private pendingPing: { n: number; at: number } | null = null
  private lastPing = 0
  private unackedBytes = 0
  private frameBytes = 0 // what the current frame adds to it
  private resends = 0
  private timers = new Map<string, () => void>()

  constructor(
    private environment: Environment,
    private paths: EventPaths,
    private fold: Fold,
    private clocks: Clocks,
    private outbox: Outbox,
    private listener: ConnectionListener,
    saved: { subjects: string; asOf: number },
  ) {
    this.subjects = saved.subjects
    this.frameTimes = { confirmed: false, trueUntil: saved.asOf, dueSince: environment.now(), serverStaleSince: 0 }
  }

  start(hidden: boolean): void {
    this.hidden = hidden
    this.dial()
  }

  /** stop ends the connection for good. */
  stop(): void {
    this.phase = 'ended'
    this.closeSocket()
  }

  /**
   * setHidden tells the connection whether the page is hidden; a hidden page pings less often and
   * tells the server so.
   */
  setHidden(hidden: boolean): void {
    if (hidden === this.hidden) return
    this.hidden = hidden
    if (!hidden) this.wake()
    else if (this.phase === 'open') this.ping()
  }

  /** wake checks the connection now, because the page came back or the time jumped. */
  wake(): void {
    const now = this.environment.now()
    if (this.phase === 'resting' && this.mayDialEarly) this.dial()
    if (this.phase !== 'open') return
    if (!this.pendingPing) this.ping()
    else if (now - this.pendingPing.at > answerTimeout) this.connectionLost(1006)
  }

  /** flush sends the next command of the outbox, unless the server asked for a pause. */
  flush(): void {
    if (this.phase !== 'open' || this.timers.has('resend')) return
    const command = this.outbox.next()
    if (command) this.send({ command })
  }

  private dial(): void {
    this.closeSocket()
    this.phase = 'dialling'
    this.frameTimes.dueSince ||= this.environment.now()
    this.timer('connect', connectTimeout, () => this.connectionLost(1006))
    // A socket that was given up may still deliver; only the present one is used.
    const mine = () => this.socket === socket
    const socket: Socket = this.environment.dial(this.paths.live, {
      onOpen: () => mine() && this.sendHello(),
      onText: (text) => mine() && this.receive(text),
      onClose: (code) => mine() && this.connectionLost(code),
    })
    this.socket = socket
  }

  private sendHello(): void {
    this.phase = 'greeting'
    this.timer('connect', answerTimeout, () => this.connectionLost(1006))
    const have = this.fold.view?.at
    // JSON leaves out what is undefined.
    this.send({ hello: { v: protocolVersion, have, subjects: have && this.subjects, hidden: this.hidden || undefined } })
  }

  private receive(text: string): void {
    let frame: FromServer
    try {
      frame = JSON.parse(text) as FromServer
    } catch {
      return this.connectionLost(1006) // not a frame: reconnect
    }
    this.frameBytes = Math.max(ackBytes / 4, 3 * text.length) // an upper bound of its length in UTF-8
    this.dispatch(frame)
    if (this.viewConfirmed) this.markTrueNow()
    this.listener.onFreshnessChange()
  }

  private dispatch(frame: FromServer): void {
    if (frame.hello) this.welcome(frame.hello)
    else if (frame.snapshot) this.snapshot(frame.snapshot)
    else if (frame.patch) this.patch(frame.patch)
    else if (frame.pong) this.pong(frame.pong)
    else if (frame.live) this.live(frame.live)
    else if (frame.accepted) this.accepted(frame.accepted)
    else if (frame.rejected) this.rejected(frame.rejected.id, frame.rejected.code, frame.rejected.params)
    // An error frame only announces the close after it. Unknown frames come from a later version.
  }

  private welcome(welcome: Welcome): void {
    this.phase = 'open'
    this.subjects = welcome.subjects
    this.clocks.hello(welcome.now, welcome.clock, this.environment.now())
    this.timer('connect', viewTimeout, () => this.connectionLost(1006))
    this.listener.onHello(welcome)
    this.outbox.resendAll()
    this.flush()
    this.ping() // the first measurement of the clocks
  }

  private snapshot(snapshot: Snapshot): void {
    const folded = this.fold.snapshot(snapshot)
    if (folded !== 'fetch') return this.afterFold(folded, true)
    this.cancel('connect')
    this.timer('ping', pingFetching, () => this.ping())
    void this.fetch(snapshot.get ?? this.paths.snapshot, snapshot.at, fetchTries)
  }

  /** fetch gets the cards of a large snapshot; the fold holds patches that arrive meanwhile. */
  private async fetch(path: string, asked: Position, tries: number): Promise<void> {
    const { status, body } = await this.environment.get(path).catch(() => ({ status: 0, body: null }))
    if (this.fold.fetchingSnapshot !== asked) return // the connection was lost, or another snapshot came
    if (status === 401) return this.end('signedOut')
    const temporary = status === 0 || status === 429 || status >= 500
    if (temporary && tries > 1) {
      const pause = backoff(fetchTries - tries, this.environment.random())
      return this.timer('fetch', pause, () => void this.fetch(path, asked, tries - 1))
    }
    if (status !== 200) return this.connectionLost(1006)
    this.afterFold(this.fold.fetched(asked, body as Snapshot), true)
    this.listener.onFreshnessChange()
  }

  private patch(patch: Patch): void {
    const mine = this.paths.personal && Object.keys(patch.set ?? {}).some((key) => personalKinds.test(key))
    this.afterFold(this.fold.patch(patch), mine)
  }

  /** afterFold acts on what a frame changed in the view. */
  private afterFold(result: FoldResult, urgent: boolean): void {
    if (result === 'gap') return this.connectionLost(gapClose)
    if (result === 'held') return
    this.confirmView()
    if (result === 'applied') {
      this.outbox.viewReached(this.fold.view?.at.seq ?? 0)
      this.listener.onViewChange()
    }
    this.unackedBytes += this.frameBytes
    if (urgent || this.hidden || this.unackedBytes >= ackBytes) this.ack()
    else if (!this.timers.has('ack')) this.timer('ack', ackDelay, () => this.ack())
  }

  private confirmView(): void {
    if (this.viewConfirmed) return
    this.viewConfirmed = true
    this.failures = 0
    this.markTrueNow()
    this.cancel('connect')
  }

  /** markTrueNow records that the view is true at this time. A hello alone says nothing about the view. */
  private markTrueNow(): void {
    this.frameTimes.trueUntil = this.environment.now()
    this.frameTimes.confirmed = true
    this.frameTimes.dueSince = 0
  }

  private ack(): void {
    this.send({ ack: { seq: this.takeAck() } })
  }

  private takeAck(): number {
    this.unackedBytes = 0
    this.cancel('ack')
    return this.fold.view?.at.seq ?? 0
  }

  private ping(): void {
    const now = this.environment.now()
    const n = ++this.lastPing
    this.pendingPing = { n, at: now }
    this.frameTimes.dueSince ||= now
    // Without a complete view there is nothing to acknowledge.
    this.send({ ping: { n, ack: this.viewConfirmed ? this.takeAck() : undefined, hidden: this.hidden || undefined } })
    this.timer('pong', answerTimeout, () => this.connectionLost(1006))
    this.timer('ping', this.fold.fetchingSnapshot ? pingFetching : this.hidden ? pingHidden : pingVisible, () => this.ping())
  }

  private pong(pong: Pong): void {
    if (pong.n !== this.pendingPing?.n) return // this is for an earlier ping; only the last one measures the clocks
    this.clocks.pong(pong.now, pong.clock, this.pendingPing.at, this.environment.now())
    this.pendingPing = null
    this.cancel('pong')
    const comparable = this.viewConfirmed || this.fold.fetchingSnapshot // before the first snapshot or patch its position says nothing
    if (comparable && this.fold.pong(pong) === 'gap') this.connectionLost(gapClose)
  }

  private live(live: Live): void {
    const since = live.staleSince
    // The journal is reachable again: commands that were delayed because of it are sent at once.
    if (this.frameTimes.serverStaleSince && !since) this.resend(0)
    this.frameTimes.serverStaleSince = since ? since - this.clocks.wallAt(0) : 0
    this.listener.onLive(live)
  }

  private accepted({ id, seq, notes }: Accepted): void {
    this.resends = 0
    this.outbox.accepted(id, seq, notes ?? [])
    this.outbox.viewReached(this.fold.view?.at.seq ?? 0)
    this.flush()
  }

  private rejected(id: string, code: string, params?: Record<string, string>): void {
    const again = this.outbox.rejected(id, { code, params })
    if (!again) return this.flush()
    if (!this.timers.has('resend')) this.resend(500 + backoff(this.resends++, this.environment.random()))
  }

  private resend(pause: number): void {
    this.timer('resend', pause, () => {
      this.cancel('resend')
      this.flush()
    })
  }

  /** connectionLost closes the socket and decides when to reconnect. */
  private connectionLost(code: number): void {
    this.closeSocket()
    if (this.phase === 'ended') return
    this.phase = 'resting'
    this.frameTimes.dueSince ||= this.environment.now()
    const next = reconnectAfter(code, this.previousCode, this.failures++, this.environment.random())
    this.previousCode = code
    if ('stop' in next) return this.end(next.stop)
    if ('reloadIn' in next) return this.timer('dial', next.reloadIn, () => this.end('reload'))
    this.scheduleDial(next.retryIn, code !== 4001)
  }

  private scheduleDial(ms: number, mayDialEarly: boolean): void {
    this.mayDialEarly = mayDialEarly
    this.timer('dial', ms, () => this.dial())
    this.listener.onFreshnessChange()
  }

  private end(why: End): void {
    this.stop()
    this.listener.onEnd(why)
  }

  private closeSocket(): void {
    const socket = this.socket
    this.socket = null
    this.viewConfirmed = false
    this.pendingPing = null
    this.unackedBytes = 0
    for (const name of [...this.timers.keys()]) this.cancel(name)
    this.fold.disconnected()
    socket?.close()
  }

  private send(frame: unknown): void {
    this.socket?.send(JSON.stringify(frame))
  }

  private timer(name: string, ms: number, then: () => void): void {
    this.cancel(name)
    this.timers.set(name, this.environment.after(ms, then))
  }

  private cancel(name: string): void {
    this.timers.get(name)?.()
    this.timers.delete(name)
  }
}
