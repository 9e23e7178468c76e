// The browser as a World, and the events after which a connection is not trusted.
import type { Connection, Socket, SocketHandler, Environment } from './connection'

/** A large snapshot over a poor network may take this long. */
const fetchTimeout = 25_000

export const browserEnvironment: Environment = {
  now: Date.now,
  random: Math.random,
  after(ms, then) {
    const id = setTimeout(then, ms)
    return () => clearTimeout(id)
  },
  dial,
  async get(path) {
    const limit = new AbortController()
    const timer = setTimeout(() => limit.abort(), fetchTimeout)
    try {
      const answer = await fetch(path, { signal: limit.signal })
      return { status: answer.status, body: answer.ok ? await answer.json() : null }
    } finally {
      clearTimeout(timer)
    }
  },
}

/** WebSocket.OPEN, which is longer. */
const socketOpen = 1

/** So many times more a socket may close, without a word between, until another way is taken; more where one has worked. */
let closesUntilFallback = 2

function dial(path: string, handler: SocketHandler): Socket {
  const socket = new WebSocket(location.origin.replace(/^http/, 'ws') + path)
  socket.onopen = () => handler.onOpen()
  socket.onmessage = (event) => {
    closesUntilFallback = 6
    handler.onText(event.data as string)
  }
  socket.onclose = (event) => {
    // What does without a WebSocket; where it cannot be fetched, the next socket that closes tries again.
    if (--closesUntilFallback < 1) void loadFallback().then((fallback) => (browserEnvironment.dial = fallback.withFallback(dial)))
    handler.onClose(event.code)
  }
  return {
    // A dead socket shows by its silence; what it answers to send or close is of no use.
    send: (text) => void (socket.readyState === socketOpen && socket.send(text)),
    close: () => socket.close(1000),
  }
}

/** In brackets it is no path to the bundler, which would bring its own way to import. */
const loadFallback = () => import([FALLBACK] as unknown as string) as Promise<typeof import('./fallback')>

/** A tick this late means that the device slept, or that its clock was set. */
const jumpThreshold = 4_000

/** watchWakeUps probes the connection whenever the page may have been asleep; `jumped` hears of time jumps. */
export function watchWakeUps(connection: Connection, onTimeJump: () => void): void {
  const wake = () => connection.wake()
  document.addEventListener('visibilitychange', () => connection.setHidden(document.hidden))
  for (const event of ['pageshow', 'online', 'focus']) window.addEventListener(event, wake)
  let wall = Date.now()
  setInterval(() => {
    const passed = Date.now() - wall
    wall += passed
    if (document.hidden || (passed < jumpThreshold && passed >= 0)) return // timers rest in a hidden page
    onTimeJump()
    wake()
  }, 1_000)
}
