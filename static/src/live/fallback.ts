// Where no WebSocket comes through: Server-Sent Events, or long polls where
// answers are gathered on the way, and commands by POST. A file of its own that
// is fetched only when it is needed; PROTOCOL.md, "Without a WebSocket".
//
// To the connection it is a socket like any other. Beneath, a visit follows the
// other: each a GET that says in hello what is held, which acknowledges it, and
// is answered with what is lacking.
import type { Socket, SocketHears } from './connection'
import type { FromServer, Position } from './frames'
import { backoff } from './reconnect'

export type Dial = (path: string, hears: SocketHears) => Socket

interface VisitHears {
  frame(text: string): unknown
  closed(code: number): unknown // once, and nothing after it
}

/** Nature is what a fallback needs of the browser. */
export interface Nature {
  now(): number
  random(): number
  after(ms: number, then: () => void): () => void
  /** online is false where the device itself knows that there is no network: what has worked is not to blame then. */
  online(): boolean
  /** stream opens an EventSource, poll asks once; both answer how to break it off. */
  stream(path: string, hears: VisitHears): () => void
  poll(path: string, hears: VisitHears): () => void
  /** post answers status 0 where there is no answer. */
  post(path: string, body: unknown): Promise<{ status: number; body: { code?: string } | null }>
}

const visitsApart = 250 // but for pings, which are the person's or the clock's
const pollWaits = 20 // seconds that the server may hold a poll back
const pollRests = 10_000 // between polls where held ones do not come through; and half as much again
const socketAgain = 120_000 // until a WebSocket is tried again, and as much again
const socketProof = 10_000 // for a word from it

type Rung = 'stream' | 'poll' | 'socket'
const rungs: Rung[] = ['stream', 'poll', 'socket']

/** A way that is lost within this time of being tried has failed, though a word came through. */
const proven = 10_000

/** So many failures in a row make a way that has worked one like the others. */
const patience = 6

/** Where a page stands: it stays when the ladder is put up again. */
const standing = { rung: 0, works: -1, failures: 0 }

/** ladder answers a dial that takes the next way where the one before failed. */
export function ladder(socket: Dial, nature: Nature = browser, on = standing): Dial {
  return (path, hears) => {
    const began = nature.now()
    const { rung } = on
    const way = rungs[rung] as Rung
    let met = false
    let present = true
    const left = (broken: boolean) => {
      if (!present) return
      present = false
      if (met && nature.now() - began >= proven) {
        on.works = rung
        on.failures = 0
      } else if (broken && (rung !== on.works || (nature.online() && ++on.failures >= patience))) {
        on.rung = (rung + 1) % rungs.length
        on.works = -1
      }
    }
    const told: SocketHears = {
      opened: hears.opened,
      text: (text) => {
        met = true
        hears.text(text)
      },
      closed: (code) => {
        left(code === 1006)
        hears.closed(code)
      },
    }
    const better = () => (on.rung = rungs.indexOf('socket'))
    const inner = way === 'socket' ? socket(path, told) : new Fallback(path, way === 'poll', told, nature, socket, better)
    return {
      send: (text) => inner.send(text),
      close: () => {
        left(true)
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

interface Said {
  hello?: { v: number; have?: Position; subjects?: string; hidden?: boolean }
  ping?: Ping
  ack?: { seq: number }
  command?: { id: string }
}

class Fallback implements Socket {
  private v = 1
  private held: Position | undefined // up to here everything was passed on
  private subjects: string | undefined
  private hidden: boolean | undefined
  private greeted = false
  private brought = false // a snapshot or patch has come
  private told = -1 // the sequence that the present visit said
  private ping: Ping | null = null // not answered yet
  private pinging = 0 // the one that the present visit asks for
  private leave = () => {} // breaks the present visit off
  private visitedAt = 0
  private next: { at: number; cancel: () => void } | null = null
  private waits = pollWaits
  private tries = 0
  private over = false
  private proof = () => {} // breaks off what tries the WebSocket
  private timers = new Set<() => void>()

  constructor(
    private path: string,
    private polls: boolean,
    private hears: SocketHears,
    private nature: Nature,
    private socket: Dial,
    private better: () => void,
  ) {
    this.after(0, () => hears.opened())
    this.later()
  }

  send(text: string): void {
    const { hello, ping, ack, command } = JSON.parse(text) as Said
    if (hello) {
      this.v = hello.v
      this.held = hello.have
      this.subjects = hello.subjects
      this.hidden = hello.hidden
      this.visit()
    } else if (ping) {
      this.ping = ping
      this.hidden = ping.hidden
      if (this.brought) this.visitIn(0)
    } else if (ack) {
      this.acknowledge(ack.seq)
    } else if (command) {
      void this.post(command)
    }
  }

  close(): void {
    this.over = true
    this.leave()
    this.proof()
    this.timers.forEach((cancel) => cancel())
    this.next?.cancel()
  }

  private acknowledge(seq: number): void {
    // A snapshot that was fetched may be a later one, whose hash only the connection knows: its hello says it.
    if (seq > (this.held?.seq ?? 0)) this.end(4002)
    else if (seq > this.told) this.visitIn(this.visitedAt + visitsApart - this.nature.now())
  }

  /** visitIn pays the next visit after a while; an earlier one counts. */
  private visitIn(ms: number): void {
    const at = this.nature.now() + Math.max(ms, 0)
    if (this.over || (this.next && this.next.at <= at)) return
    this.next?.cancel()
    this.next = { at, cancel: this.nature.after(at - this.nature.now(), () => this.visit()) }
  }

  private visit(): void {
    this.next?.cancel()
    this.next = null
    this.leave()
    const { held, ping } = this
    const waits = this.polls && this.brought && !ping && this.waits
    this.visitedAt = this.nature.now()
    this.told = held?.seq ?? -1
    this.pinging = ping?.n ?? 0
    const hello = { v: this.v, have: held, subjects: held && this.subjects, hidden: this.hidden || undefined }
    const path =
      address(this.path, this.polls ? 'poll' : 'stream') +
      query('hello', hello) +
      (ping ? query('ping', { ...ping, ack: held?.seq }) : '') +
      (waits ? `&wait=${waits}` : '')
    let present = true
    const stop = (this.polls ? this.nature.poll : this.nature.stream)(path, {
      frame: (text) => present && this.frame(text),
      closed: (code) => present && this.closed(code, !!waits),
    })
    this.leave = () => {
      present = false
      stop()
    }
  }

  private frame(text: string): void {
    const { hello, snapshot, patch, pong } = JSON.parse(text) as FromServer
    if (hello) {
      this.subjects = hello.subjects
      if (this.greeted) return // the connection is greeted once
      this.greeted = true
    }
    if (snapshot) this.held = snapshot.at
    if (patch && this.held?.epoch === patch.to.epoch && patch.to.seq > this.held.seq) this.held = patch.to
    if (pong?.n === this.ping?.n) this.ping = null
    this.hears.text(text)
    if (!(snapshot || patch) || this.brought) return
    this.brought = true
    if (this.ping) this.visitIn(0)
  }

  private closed(code: number, held: boolean): void {
    this.leave()
    if (code === 1006 && held) this.waits = 0 // answers that take long do not come through: ask now and then
    else if (code !== 1000) return this.end(code)
    const rests = this.polls && !this.waits && this.brought && !this.ping
    const least = rests ? pollRests * (1 + this.nature.random() / 2) : visitsApart
    this.visitIn(this.ping && this.ping.n !== this.pinging ? 0 : this.visitedAt + least - this.nature.now())
  }

  /** post gives a command, again until there is an answer to it; the connection waits with the next one. */
  private async post(command: { id: string }): Promise<void> {
    const { status, body } = await this.nature.post(address(this.path, 'commands'), command)
    if (this.over) return
    if (status === 401) return this.end(4102)
    const code = body?.code
    if (status !== 200 && !code) {
      // No word of the server's: nothing that the connection could hear.
      return this.after(500 + backoff(this.tries++, this.nature.random()), () => void this.post(command))
    }
    this.tries = 0
    this.hears.text(JSON.stringify(code ? { rejected: { id: command.id, ...body } } : { accepted: body }))
  }

  /** trySocket goes back to the WebSocket where that has a word for us by now. */
  private trySocket(): void {
    const { held, subjects } = this
    const done = (heard: boolean) => {
      if (this.proof !== proof) return
      this.proof = () => {}
      proof()
      if (!heard) return this.later()
      this.better()
      this.end(4002)
    }
    const probe = this.socket(this.path, {
      opened: () => probe.send(JSON.stringify({ hello: { v: this.v, have: held, subjects: held && subjects, hidden: true } })),
      text: () => done(true),
      closed: () => done(false),
    })
    const cancel = this.nature.after(socketProof, () => done(false))
    const proof = () => {
      cancel()
      probe.close()
    }
    this.proof = proof
  }

  /** later tries the WebSocket again after a while. */
  private later(): void {
    this.after(socketAgain * (1 + this.nature.random()), () => this.trySocket())
  }

  private end(code: number): void {
    if (this.over) return
    this.close()
    this.hears.closed(code)
  }

  private after(ms: number, then: () => void): void {
    const cancel = this.nature.after(ms, () => {
      this.timers.delete(cancel)
      then()
    })
    this.timers.add(cancel)
  }
}

/** address answers what stands beside the live connection's path. */
const address = (live: string, what: string) => live.replace('/live?', `/${what}?`)

const query = (name: string, value: unknown) => `&${name}=${encodeURIComponent(JSON.stringify(value))}`

const browser: Nature = {
  now: Date.now,
  random: Math.random,
  after(ms, then) {
    const id = setTimeout(then, ms)
    return () => clearTimeout(id)
  },
  online: () => navigator.onLine,
  stream(path, hears) {
    const source = new EventSource(path)
    source.onmessage = (event) => hears.frame(event.data as string)
    // It would come back by itself, with the same hello: we do, with a newer one.
    const closed = (code: number) => {
      source.close()
      hears.closed(code)
    }
    source.onerror = () => closed(1006)
    source.addEventListener('close', (event) => closed(Number((event as MessageEvent).data)))
    return () => source.close()
  },
  poll(path, hears) {
    const limit = new AbortController()
    const timer = setTimeout(() => limit.abort(), pollWaits * 1000 + 5_000)
    let left = false
    void fetch(path, { signal: limit.signal })
      .then(async (answer) => {
        if (!answer.ok) return answer.status === 429 || answer.status === 503 ? 4001 : 1006
        const { frames, close: code } = (await answer.json()) as { frames: unknown[]; close: number }
        for (const frame of frames) hears.frame(JSON.stringify(frame))
        return code
      })
      .catch(() => 1006)
      .then((code) => {
        clearTimeout(timer)
        if (!left) hears.closed(code)
      })
    return () => {
      left = true
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
