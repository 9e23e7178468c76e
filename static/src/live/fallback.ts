// The transports for networks without WebSockets: Server-Sent Events, or long polls if a proxy
// buffers responses, with commands by POST. This is a file of its own, fetched only when it is
// needed; see PROTOCOL.md, "Without a WebSocket". To the connection it is a socket. It makes one
// visit after another: each is a GET whose hello states the position, which acknowledges it, and
// the response holds what the client lacks.
import type { Socket, SocketHandler } from './connection'
import type { FromServer, Position } from './frames'
import { backoff } from './reconnect'

export type Dial = (path: string, handler: SocketHandler) => Socket

interface VisitHandler {
  onFrame(text: string): unknown
  onClose(code: number): unknown // called once, and nothing after it
}

/** FallbackEnvironment is what a fallback needs from the browser. */
export interface FallbackEnvironment {
  now(): number
  random(): number
  after(ms: number, then: () => void): () => void
  /**
   * online reports false if the device itself knows that it has no network; a failure then does not
   * count against the transport.
   */
  online(): boolean
  /** stream opens an EventSource, poll makes one request; both return a function that aborts it. */
  stream(path: string, handler: VisitHandler): () => void
  poll(path: string, handler: VisitHandler): () => void
  /** post returns status 0 if there is no response. */
  post(path: string, body: unknown): Promise<{ status: number; body: { code?: string } | null }>
}

const visitInterval = 250 // milliseconds between visits, except for pings
const pollHold = 20 // seconds that the server may hold a poll
const pollPause = 10_000 // milliseconds between polls if held ones do not come through; up to half as much again at random
const socketRetry = 120_000 // milliseconds until a WebSocket is tried again; up to as much again at random
const socketProbeTimeout = 10_000 // milliseconds that the probe waits for a frame

type Transport = 'stream' | 'poll' | 'socket'
const transports: Transport[] = ['stream', 'poll', 'socket']

/** A transport that is lost within this time has failed even if a frame came through. */
const provenAfter = 10_000

/** After this many failures in a row a proven transport counts as unproven. */
const maxFailures = 6

/** pageTransport is the transport that the page uses now; it outlives a dial. */
const pageTransport = { current: 0, proven: -1, failures: 0 }

/** withFallback returns a dial that changes to the next transport after the present one failed. */
export function withFallback(socket: Dial, environment: FallbackEnvironment = browserEnvironment, state = pageTransport): Dial {
  return (path, handler) => {
    const began = environment.now()
    const { current } = state
    const transport = transports[current] as Transport
    let heard = false
    let inUse = true
    const ended = (broken: boolean) => {
      if (!inUse) return
      inUse = false
      if (heard && environment.now() - began >= provenAfter) {
        state.proven = current
        state.failures = 0
      } else if (broken && (current !== state.proven || (environment.online() && ++state.failures >= maxFailures))) {
        state.current = (current + 1) % transports.length
        state.proven = -1
      }
    }
    const observed: SocketHandler = {
      onOpen: handler.onOpen,
      onText: (text) => {
        heard = true
        handler.onText(text)
      },
      onClose: (code) => {
        ended(code === 1006)
        handler.onClose(code)
      },
    }
    const backToSocket = () => (state.current = transports.indexOf('socket'))
    const inner = transport === 'socket' ? socket(path, observed) : new Fallback(path, transport === 'poll', observed, environment, socket, backToSocket)
    return {
      send: (text) => inner.send(text),
      close: () => {
        ended(true)
        inner.close()
      },
    }
  }
}

interface Ping {
  n: number
  ack?: number
  hidden?: boolean
}

interface ClientFrame {
  hello?: { v: number; have?: Position; subjects?: string; hidden?: boolean }
  ping?: Ping
  ack?: { seq: number }
  command?: { id: string }
}

class Fallback implements Socket {
  private v = 1
  private position: Position | undefined // the position up to which frames were passed on
  private subjects: string | undefined
  private hidden: boolean | undefined
  private greeted = false
  private viewReceived = false // a snapshot or patch has come
  private acknowledgedSeq = -1 // the sequence that the present visit acknowledges
  private pendingPing: Ping | null = null // without an answer so far
  private askedPing = 0 // the ping of the present visit
  private abortVisit = () => {} // aborts the present visit
  private visitedAt = 0
  private nextVisit: { at: number; cancel: () => void } | null = null
  private holdSeconds = pollHold
  private tries = 0
  private ended = false
  private abortProbe = () => {} // aborts the probe of the WebSocket
  private timers = new Set<() => void>()

  constructor(
    private path: string,
    private polling: boolean,
    private handler: SocketHandler,
    private environment: FallbackEnvironment,
    private socket: Dial,
    private backToSocket: () => void,
  ) {
    this.after(0, () => handler.onOpen())
    this.scheduleProbe()
  }

  send(text: string): void {
    const { hello, ping, ack, command } = JSON.parse(text) as ClientFrame
    if (hello) {
      this.v = hello.v
      this.position = hello.have
      this.subjects = hello.subjects
      this.hidden = hello.hidden
      this.visit()
    } else if (ping) {
      this.pendingPing = ping
      this.hidden = ping.hidden
      if (this.viewReceived) this.scheduleVisit(0)
    } else if (ack) {
      this.acknowledge(ack.seq)
    } else if (command) {
      void this.post(command)
    }
  }

  close(): void {
    this.ended = true
    this.abortVisit()
    this.abortProbe()
    this.timers.forEach((cancel) => cancel())
    this.nextVisit?.cancel()
  }

  private acknowledge(seq: number): void {
    // A fetched snapshot may be a later one, whose hash only the connection knows: a new hello
    // states it.
    if (seq > (this.position?.seq ?? 0)) this.end(4002)
    else if (seq > this.acknowledgedSeq) this.scheduleVisit(this.visitedAt + visitInterval - this.environment.now())
  }

  /** scheduleVisit makes the next visit after a pause; an earlier one that is scheduled stays. */
  private scheduleVisit(ms: number): void {
    const at = this.environment.now() + Math.max(ms, 0)
    if (this.ended || (this.nextVisit && this.nextVisit.at <= at)) return
    this.nextVisit?.cancel()
    this.nextVisit = { at, cancel: this.environment.after(at - this.environment.now(), () => this.visit()) }
  }

  private visit(): void {
    this.nextVisit?.cancel()
    this.nextVisit = null
    this.abortVisit()
    const { position, pendingPing } = this
    const waits = this.polling && this.viewReceived && !pendingPing && this.holdSeconds
    this.visitedAt = this.environment.now()
    this.acknowledgedSeq = position?.seq ?? -1
    this.askedPing = pendingPing?.n ?? 0
    const hello = { v: this.v, have: position, subjects: position && this.subjects, hidden: this.hidden || undefined }
    const path =
      address(this.path, this.polling ? 'poll' : 'stream') +
      query('hello', hello) +
      (pendingPing ? query('ping', { ...pendingPing, ack: position?.seq }) : '') +
      (waits ? `&wait=${waits}` : '')
    let present = true
    const stop = (this.polling ? this.environment.poll : this.environment.stream)(path, {
      onFrame: (text) => present && this.receive(text),
      onClose: (code) => present && this.visitClosed(code, !!waits),
    })
    this.abortVisit = () => {
      present = false
      stop()
    }
  }

  private receive(text: string): void {
    const { hello, snapshot, patch, pong } = JSON.parse(text) as FromServer
    if (hello) {
      this.subjects = hello.subjects
      if (this.greeted) return // the connection receives one hello
      this.greeted = true
    }
    if (snapshot) this.position = snapshot.at
    if (patch && this.position?.epoch === patch.to.epoch && patch.to.seq > this.position.seq) this.position = patch.to
    if (pong?.n === this.pendingPing?.n) this.pendingPing = null
    this.handler.onText(text)
    if (!(snapshot || patch) || this.viewReceived) return
    this.viewReceived = true
    if (this.pendingPing) this.scheduleVisit(0)
  }

  private visitClosed(code: number, held: boolean): void {
    this.abortVisit()
    if (code === 1006 && held) this.holdSeconds = 0 // held responses do not come through: poll at intervals
    else if (code !== 1000) return this.end(code)
    const pausing = this.polling && !this.holdSeconds && this.viewReceived && !this.pendingPing
    const least = pausing ? pollPause * (1 + this.environment.random() / 2) : visitInterval
    this.scheduleVisit(this.pendingPing && this.pendingPing.n !== this.askedPing ? 0 : this.visitedAt + least - this.environment.now())
  }

  /**
   * post sends a command, again until there is a response to it; the connection waits with the next
   * command.
   */
  private async post(command: { id: string }): Promise<void> {
    const { status, body } = await this.environment.post(address(this.path, 'commands'), command)
    if (this.ended) return
    if (status === 401) return this.end(4102)
    const code = body?.code
    if (status !== 200 && !code) {
      // The response is not the server's: try again.
      return this.after(500 + backoff(this.tries++, this.environment.random()), () => void this.post(command))
    }
    this.tries = 0
    this.handler.onText(JSON.stringify(code ? { rejected: { id: command.id, ...body } } : { accepted: body }))
  }

  /** probeSocket opens a WebSocket and goes back to it if it delivers a frame. */
  private probeSocket(): void {
    const { position, subjects } = this
    const done = (heard: boolean) => {
      if (this.abortProbe !== abort) return
      this.abortProbe = () => {}
      abort()
      if (!heard) return this.scheduleProbe()
      this.backToSocket()
      this.end(4002)
    }
    const probe = this.socket(this.path, {
      onOpen: () => probe.send(JSON.stringify({ hello: { v: this.v, have: position, subjects: position && subjects, hidden: true } })),
      onText: () => done(true),
      onClose: () => done(false),
    })
    const cancel = this.environment.after(socketProbeTimeout, () => done(false))
    const abort = () => {
      cancel()
      probe.close()
    }
    this.abortProbe = abort
  }

  /** scheduleProbe probes the WebSocket after a pause. */
  private scheduleProbe(): void {
    this.after(socketRetry * (1 + this.environment.random()), () => this.probeSocket())
  }

  private end(code: number): void {
    if (this.ended) return
    this.close()
    this.handler.onClose(code)
  }

  private after(ms: number, then: () => void): void {
    const cancel = this.environment.after(ms, () => {
      this.timers.delete(cancel)
      then()
    })
    this.timers.add(cancel)
  }
}

/** address returns a path next to the live connection's. */
const address = (live: string, what: string) => live.replace('/live?', `/${what}?`)

const query = (name: string, value: unknown) => `&${name}=${encodeURIComponent(JSON.stringify(value))}`

const browserEnvironment: FallbackEnvironment = {
  now: Date.now,
  random: Math.random,
  after(ms, then) {
    const id = setTimeout(then, ms)
    return () => clearTimeout(id)
  },
  online: () => navigator.onLine,
  stream(path, handler) {
    const source = new EventSource(path)
    source.onmessage = (event) => handler.onFrame(event.data as string)
    // An EventSource reconnects by itself with the same hello; this one reconnects with the newest.
    const closed = (code: number) => {
      source.close()
      handler.onClose(code)
    }
    source.onerror = () => closed(1006)
    source.addEventListener('close', (event) => closed(Number((event as MessageEvent).data)))
    return () => source.close()
  },
  poll(path, handler) {
    const limit = new AbortController()
    const timer = setTimeout(() => limit.abort(), pollHold * 1000 + 5_000)
    let aborted = false
    void fetch(path, { signal: limit.signal })
      .then(async (answer) => {
        if (!answer.ok) return answer.status === 429 || answer.status === 503 ? 4001 : 1006
        const { frames, close: code } = (await answer.json()) as { frames: unknown[]; close: number }
        for (const frame of frames) handler.onFrame(JSON.stringify(frame))
        return code
      })
      .catch(() => 1006)
      .then((code) => {
        clearTimeout(timer)
        if (!aborted) handler.onClose(code)
      })
    return () => {
      aborted = true
      limit.abort()
    }
  },
  async post(path, command) {
    const limit = new AbortController()
    const timer = setTimeout(() => limit.abort(), 15_000)
    try {
      const answer = await fetch(path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(command),
        signal: limit.signal,
      })
      return { status: answer.status, body: (await answer.json()) as { code?: string } }
    } catch {
      return { status: 0, body: null }
    } finally {
      clearTimeout(timer)
    }
  },
}
