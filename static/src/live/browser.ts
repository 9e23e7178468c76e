// The browser as an Environment, and the events after which a connection must be checked.
import type { Connection, Environment, Socket, SocketHandler } from './connection'

/** Milliseconds that a GET may take: a large snapshot over a poor network is slow. */
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

/** WebSocket.OPEN; the constant is shorter in the bundle. */
const socketOpen = 1

/**
 * How many sockets may close without a frame before the fallback is loaded; a socket that received
 * a frame raises it.
 */
let closesUntilFallback = 2

function dial(path: string, handler: SocketHandler): Socket {
  const socket = new WebSocket(location.origin.replace(/^http/, 'ws') + path)
  socket.onopen = () => handler.onOpen()
  socket.onmessage = (event) => {
    closesUntilFallback = 6
    handler.onText(event.data as string)
  }
  socket.onclose = (event) => {
    // Load the transports that need no WebSocket. If that fails, the next socket that closes tries
    // again.
    if (--closesUntilFallback < 1) void loadFallback().then((fallback) => (browserEnvironment.dial = fallback.withFallback(dial)), () => 0)
    handler.onClose(event.code)
  }
  return {
    // A dead socket is detected by its silence, so errors of send and close are ignored.
    send: (text) => void (socket.readyState === socketOpen && socket.send(text)),
    close: () => socket.close(1000),
  }
}

/**
 * loadFallback imports the file of the fallback. The brackets keep the bundler from resolving the
 * import itself.
 */
const loadFallback = () => import([FALLBACK] as unknown as string) as Promise<typeof import('./fallback')>

/** A tick that is late by this many milliseconds means that the device slept or that its clock was set. */
const jumpThreshold = 4_000

/**
 * watchWakeUps checks the connection when the page may have been asleep; it calls onTimeJump first
 * if the time jumped.
 */
export function watchWakeUps(connection: Connection, onTimeJump: () => void): void {
  const wake = () => connection.wake()
  document.addEventListener('visibilitychange', () => connection.setHidden(document.hidden))
  for (const event of ['pageshow', 'online', 'focus']) window.addEventListener(event, wake)
  let wall = Date.now()
  // A request renews the session's cookie, for a page that keeps one socket for days. Without a network the
  // next one does.
  setInterval(() => fetch(location.pathname).catch(() => {}), 3_600_000)
  setInterval(() => {
    const passed = Date.now() - wall
    wall += passed
    if (document.hidden || (passed < jumpThreshold && passed >= 0)) return // browsers throttle timers in a hidden page
    onTimeJump()
    wake()
  }, 1_000)
}
