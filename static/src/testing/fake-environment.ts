// An Environment for tests: the test moves the time, and sockets are lists.
import type { Environment, SocketHandler } from '../live/connection'
import type { FromServer } from '../live/frames'

export interface FakeSocket {
  handler: SocketHandler
  path: string
  sent: Record<string, unknown>[]
  closed: boolean
}

export class FakeEnvironment implements Environment {
  time = 1_000_000
  chance = 0.5
  sockets: FakeSocket[] = []
  gets: { path: string; answer: (status: number, body: unknown) => void; fail: () => void }[] = []
  private timers: { at: number; then: () => void }[] = []

  now = () => this.time
  random = () => this.chance

  after(ms: number, then: () => void): () => void {
    const timer = { at: this.time + ms, then }
    this.timers.push(timer)
    return () => void (this.timers = this.timers.filter((t) => t !== timer))
  }

  dial(path: string, handler: SocketHandler) {
    const socket: FakeSocket = { handler, path, sent: [], closed: false }
    this.sockets.push(socket)
    return {
      send: (text: string) => void socket.sent.push(JSON.parse(text) as Record<string, unknown>),
      close: () => void (socket.closed = true),
    }
  }

  get(path: string): Promise<{ status: number; body: unknown }> {
    return new Promise((resolve, reject) => {
      this.gets.push({ path, answer: (status, body) => resolve({ status, body }), fail: () => reject(new Error('no network')) })
    })
  }

  /** pass moves the time on and fires the timers that become due, in order. */
  pass(ms: number): void {
    const end = this.time + ms
    for (;;) {
      const next = this.timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0]
      if (!next) break
      this.timers = this.timers.filter((t) => t !== next)
      this.time = Math.max(this.time, next.at)
      next.then()
    }
    this.time = end
  }

  /** sleep moves the time on without firing timers, as a locked phone does. */
  sleep(ms: number): void {
    this.time += ms
  }

  get socket(): FakeSocket {
    const last = this.sockets[this.sockets.length - 1]
    if (!last) throw new Error('nothing was dialled')
    return last
  }

  /** frames returns the frames of a kind that the last socket was sent. */
  frames(name: string): unknown[] {
    return this.socket.sent.filter((frame) => name in frame).map((frame) => frame[name])
  }

  receive(frame: FromServer): void {
    this.socket.handler.onText(JSON.stringify(frame))
  }
}

/** settled lets resolved promises continue. */
export const settled = () => new Promise<void>((done) => setTimeout(done, 0))
