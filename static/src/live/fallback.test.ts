import { equal, test, truth } from '../testing/check'
import { FakeEnvironment, settled } from '../testing/fake-environment'
import { Clocks } from './clock'
import { Connection } from './connection'
import { type Dial, type FallbackEnvironment, withFallback } from './fallback'
import { Fold } from './fold'
import type { FromServer, Position } from './frames'
import { freshness } from './freshness'
import { Outbox, type Progress } from './outbox'
import { memoryStore } from './storage'

const at = (seq: number): Position => ({ epoch: 1, seq, hash: `h${seq}` })
const clock = { wall: 0, event: 0, rate: 1 }
const hello: FromServer = { hello: { v: 1, event: 'demo', you: { who: 'attendee:a', link: 'attendee-a', name: {} }, subjects: 's1', now: 1_000_000, clock } }
const snapshot: FromServer = { snapshot: { at: at(5), cards: { 'me/a': { name: 'A' } } } }
const patch = (from: number, to: number, set?: Record<string, unknown>): FromServer => ({ patch: { from, to: at(to), ...(set && { set }) } })

interface Visit {
  way: 'stream' | 'poll'
  path: string
  left: boolean
  handler: { onFrame(text: string): unknown; onClose(code: number): unknown }
}

/**
 * setUp returns a connection whose WebSocket never delivers a frame, with the visits and posts made
 * in its place.
 */
function setUp() {
  const environment = new FakeEnvironment()
  const visits: Visit[] = []
  const posts: { path: string; body: unknown; answer: (status: number, body: { code?: string } | null) => void }[] = []
  const begin = (way: Visit['way']) => (path: string, handler: Visit['handler']) => {
    const visit: Visit = { way, path, handler, left: false }
    visits.push(visit)
    return () => void (visit.left = true)
  }
  const nature: FallbackEnvironment = {
    now: environment.now,
    random: environment.random,
    after: (ms, then) => environment.after(ms, then),
    online: () => device.online,
    stream: begin('stream'),
    poll: begin('poll'),
    post: (path, body) => new Promise((resolve) => posts.push({ path, body, answer: (status, body) => resolve({ status, body }) })),
  }
  const device = { online: true }
  const socket: Dial = (path, handler) => environment.dial(path, handler)
  const dial = withFallback(socket, nature, { current: 0, proven: -1, failures: 0 })
  const fold = new Fold()
  const reports: Progress[] = []
  let ids = 0
  const outbox = new Outbox(memoryStore(), 'demo/attendee-a', () => `c${++ids}`, (_, progress) => void reports.push(progress))
  const seen = { ended: '' }
  const connection = new Connection(
    { now: environment.now, random: environment.random, after: (ms, then) => environment.after(ms, then), dial, get: (path) => environment.get(path) },
    { live: '/api/v1/events/demo/live?as=attendee-a', snapshot: '/snapshot', personal: true },
    fold,
    new Clocks(),
    outbox,
    { onViewChange() {}, onHello() {}, onLive() {}, onFreshnessChange() {}, onEnd: (why) => void (seen.ended = why) },
    { subjects: '', asOf: 0 },
  )
  connection.start(false)
  environment.pass(0)
  const visit = () => visits[visits.length - 1] as Visit
  const hear = (...frames: FromServer[]) => frames.forEach((frame) => visit().handler.onFrame(JSON.stringify(frame)))
  const parameter = (name: string): unknown => {
    const text = new URLSearchParams(visit().path.split('?')[1]).get(name)
    return text && JSON.parse(text)
  }
  /**
   * live delivers the first frames and makes the second visit, which acknowledges the snapshot and
   * measures the clocks.
   */
  const live = () => {
    hear(hello, snapshot)
    visit().handler.onClose(1000)
    environment.pass(0)
    hear(hello, patch(5, 5))
    pong()
  }
  const pong = (seq = fold.view?.at.seq ?? 0) => hear({ pong: { n: (parameter('ping') as { n: number }).n, now: environment.time, clock, at: at(seq) } })
  const link = () => freshness(connection.frameTimes, environment.time).state
  return { device, environment, visits, posts, fold, outbox, reports, seen, connection, visit, hear, parameter, live, pong, link }
}

test('fallback: the hello of a visit states the position, and the next visit acknowledges', () => {
  const { environment, visits, visit, parameter, hear, fold, link } = setUp()
  equal(visits.length, 1)
  equal(visit().path.split('?')[0], '/api/v1/events/demo/stream')
  equal(new URLSearchParams(visit().path.split('?')[1]).get('as'), 'attendee-a')
  equal(parameter('hello'), { v: 1 })
  hear(hello)
  environment.pass(0)
  equal(visits.length, 1, 'a ping before there is anything to say')
  hear(snapshot)
  visit().handler.onClose(1000)
  environment.pass(0)
  equal(visits.length, 2)
  equal(parameter('hello'), { v: 1, have: at(5), subjects: 's1' })
  equal(parameter('ping'), { n: 1, ack: 5 })
  hear(hello, patch(5, 6, { 'me/a': { name: 'B' } }))
  equal(fold.view?.at.seq, 6)
  equal(link(), 'live')
})

test('fallback: a personal card causes a visit at once, at most four a second', () => {
  const { environment, visits, live, hear, parameter } = setUp()
  live()
  environment.pass(1_000)
  const before = visits.length
  hear(patch(5, 6, { 'notice/n1': {} }))
  environment.pass(0)
  equal(visits.length, before + 1)
  equal(parameter('hello'), { v: 1, have: at(6), subjects: 's1' })
  hear(patch(6, 7, { 'notice/n2': {} }))
  environment.pass(240)
  equal(visits.length, before + 1)
  environment.pass(10)
  equal(visits.length, before + 2)
  equal(parameter('hello'), { v: 1, have: at(7), subjects: 's1' })
  truth(visits[before]?.left === true, 'the visit before goes on')
})

test('fallback: an empty patch causes no visit, visible or hidden', () => {
  const { environment, visits, live, pong, hear, connection } = setUp()
  live()
  connection.setHidden(true)
  environment.pass(0)
  hear(hello, patch(5, 5))
  pong()
  const before = visits.length
  environment.pass(50_000)
  equal(visits.length, before)
})

test('fallback: every ping is a visit, and a pong that is four seconds late ends the connection', () => {
  const { environment, visits, live, parameter, link } = setUp()
  live()
  environment.pass(20_000)
  equal(parameter('ping'), { n: 2, ack: 5 })
  const before = visits.length
  environment.pass(4_000)
  truth(visits[before - 1]?.left === true, 'still trusted')
  environment.pass(2_000)
  equal(visits.length, before + 1)
  equal(link(), 'stale')
})

test('fallback: without a frame it changes from stream to poll to the WebSocket', () => {
  const { environment, visits, visit } = setUp()
  environment.pass(4_000)
  truth(visit().left, 'still waited for')
  environment.pass(1_000)
  equal(visits.map((v) => v.way), ['stream', 'poll'])
  visit().handler.onClose(1006)
  environment.pass(2_000)
  equal(environment.sockets.length, 1)
  environment.socket.handler.onClose(1006)
  environment.pass(3_000)
  equal(visit().way, 'stream')
})

test('fallback: a transport that is lost within ten seconds is not used again', () => {
  const { environment, visit, live } = setUp()
  live()
  visit().handler.onClose(1006)
  environment.pass(1_000)
  equal(visit().way, 'poll')
})

test('fallback: a proven transport is tried six times, failures while offline do not count', () => {
  const { device, environment, visits, visit, live, hear, pong } = setUp()
  live()
  environment.pass(20_000)
  hear(hello, patch(5, 5))
  pong()
  visit().handler.onClose(1006)
  const fail = () => {
    const before = visits.length
    for (let second = 0; second < 20 && visits.length === before; second++) environment.pass(1_000)
    const { way } = visit()
    visit().handler.onClose(1006)
    return way
  }
  device.online = false
  for (let i = 0; i < 9; i++) equal(fail(), 'stream')
  device.online = true
  const taken = []
  for (let i = 0; i < 7; i++) taken.push(fail())
  equal(taken, ['stream', 'stream', 'stream', 'stream', 'stream', 'stream', 'poll'])
})

/** polling is setUp after it changed to its second transport. */
function polling() {
  const all = setUp()
  all.environment.pass(5_000)
  return all
}

test('fallback: the server holds polls, except those with a ping', () => {
  const { environment, visits, visit, live, parameter, hear, link, fold } = polling()
  equal(parameter('wait'), null)
  live()
  equal(parameter('wait'), null, 'with a ping')
  visit().handler.onClose(1000)
  environment.pass(250)
  equal(parameter('wait'), 20)
  hear(hello, patch(5, 6, { 'me/a': { name: 'B' } }))
  visit().handler.onClose(1000)
  equal(fold.view?.at.seq, 6)
  equal(link(), 'live')
  const before = visits.length
  environment.pass(250)
  equal(visits.length, before + 1)
  equal(parameter('hello'), { v: 1, have: at(6), subjects: 's1' })
})

test('fallback: if held polls fail it polls every 10 to 15 s', () => {
  const { environment, visits, visit, live, pong, parameter, hear } = polling()
  live()
  environment.pass(11_000)
  visit().handler.onClose(1000)
  environment.pass(250)
  equal(parameter('wait'), 20)
  visit().handler.onClose(1006)
  const before = visits.length
  environment.pass(7_900)
  equal(visits.length, before)
  environment.pass(2_100) // a ping is due
  equal(visits.length, before + 1)
  hear(hello, patch(5, 5))
  pong()
  visit().handler.onClose(1000)
  environment.pass(11_200)
  equal(visits.length, before + 1)
  environment.pass(300)
  equal(visits.length, before + 2)
  equal(parameter('wait'), null)
})

test('fallback: commands go by POST, one at a time, until the server responds', async () => {
  const { environment, posts, outbox, connection, reports, live, link } = setUp()
  live()
  outbox.put('seen', { notices: ['n1'] }, 1, {})
  outbox.put('requestInterpreter', { meeting: 'm1' }, 2, { base: 5 })
  connection.flush()
  equal(posts.map((p) => p.path), ['/api/v1/events/demo/commands?as=attendee-a'])
  equal(posts[0]?.body, { id: 'c1', seen: { notices: ['n1'] } })
  posts[0]?.answer(0, null)
  await settled()
  environment.pass(1_000)
  equal(posts.length, 2)
  equal(posts[1]?.body, { id: 'c1', seen: { notices: ['n1'] } })
  posts[1]?.answer(200, { id: 'c1', seq: 6 } as object)
  await settled()
  equal((posts[2]?.body as { id: string }).id, 'c2')
  posts[2]?.answer(409, { code: 'request_open', params: { request: 'q1' } } as object)
  await settled()
  equal(reports.slice(-2), [{ state: 'accepted', seq: 6, notes: [] }, { state: 'rejected', refusal: { code: 'request_open', params: { request: 'q1' } } }])
  equal(link(), 'live')
})

test('fallback: a POST without a response does not make the view stale', async () => {
  const { environment, posts, outbox, connection, live, link } = setUp()
  live()
  environment.pass(20_000) // a ping without an answer
  environment.pass(3_900)
  outbox.put('seen', { notices: ['n1'] }, 1, {})
  connection.flush()
  posts[0]?.answer(502, null)
  await settled()
  environment.pass(1_200)
  equal(link(), 'stale')
})

test('fallback: a visit or a POST that is signed out ends the connection', async () => {
  const one = setUp()
  one.live()
  one.visit().handler.onClose(4102)
  equal(one.seen.ended, 'signedOut')
  const other = setUp()
  other.live()
  other.outbox.put('seen', { notices: ['n1'] }, 1, {})
  other.connection.flush()
  other.posts[0]?.answer(401, { code: 'signed_out' })
  await settled()
  equal(other.seen.ended, 'signedOut')
  const before = other.visits.length
  other.environment.pass(600_000)
  equal([other.visits.length, other.environment.sockets.length], [before, 0])
})

test('fallback: after fetching a later snapshot than announced, a new hello states it', async () => {
  const { environment, hear, parameter, visit, fold } = setUp()
  hear(hello, { snapshot: { at: at(5), get: '/big' } })
  visit().handler.onClose(1000)
  environment.gets[0]?.answer(200, { at: at(7), cards: { 'me/a': { name: 'A' } } })
  await settled()
  environment.pass(10)
  equal(fold.view?.at.seq, 7)
  equal(parameter('hello'), { v: 1, have: at(7), subjects: 's1' })
})

test('fallback: the WebSocket is probed again, and used once it delivers a frame', () => {
  const { environment, visits, visit, live, pong, hear } = setUp()
  live()
  const until = (done: () => boolean) => {
    for (let second = 0; second < 400 && !done(); second++) {
      const before = visits.length
      environment.pass(1_000)
      if (visits.length === before) continue
      hear(hello, patch(5, 5))
      pong()
    }
  }
  until(() => environment.sockets.length === 1)
  until(() => environment.sockets[0]?.closed === true)
  equal(visit().left, false, 'the stream is given up for a socket without a word')
  until(() => environment.sockets.length === 2)
  environment.socket.handler.onOpen()
  equal(environment.frames('hello'), [{ v: 1, have: at(5), subjects: 's1', hidden: true }])
  environment.receive(hello)
  truth(visit().left, 'the stream goes on')
  environment.pass(10)
  equal(environment.sockets.length, 3)
  environment.socket.handler.onOpen()
  equal(environment.frames('hello'), [{ v: 1, have: at(5), subjects: 's1' }])
})
