import { equal, test, truth } from '../testing/check'
import { FakeEnvironment, settled } from '../testing/fake-environment'
import { Clocks } from './clock'
import { Connection, type End } from './connection'
import { Fold } from './fold'
import type { FromServer, Patch, Position } from './frames'
import { freshness } from './freshness'
import { Outbox, type Progress } from './outbox'
import { memoryStore } from './storage'
import { cardsOf } from './view'

const at = (seq: number, epoch = 1): Position => ({ epoch, seq, hash: `h${seq}` })
const clock = { wall: 0, event: 0, rate: 1 }
const hello: FromServer = { hello: { v: 1, event: 'demo', you: { who: 'attendee:a', link: 'attendee-a', name: {} }, subjects: 's1', now: 1_000_000, clock } }
const snapshot: FromServer = { snapshot: { at: at(5), cards: { 'me/a': { name: 'A' } } } }
const patch = (from: number, to: number, more: Partial<Patch> = {}): FromServer => ({ patch: { from, to: at(to), ...more } })

function setUp() {
  const environment = new FakeEnvironment()
  const fold = new Fold()
  const reports: Progress[] = []
  let ids = 0
  const outbox = new Outbox(memoryStore(), 'demo/attendee-a', () => `c${++ids}`, (_, progress) => void reports.push(progress))
  const ended: End[] = []
  const connection = new Connection(
    environment,
    { live: '/live', snapshot: '/snapshot', personal: true },
    fold,
    new Clocks(),
    outbox,
    { onViewChange() {}, onHello() {}, onLive() {}, onFreshnessChange() {}, onEnd: (why) => void ended.push(why) },
    { subjects: '', asOf: 0 },
  )
  connection.start(false)
  const becomeOpen = () => {
    environment.socket.handler.onOpen()
    environment.receive(hello)
  }
  const live = () => {
    becomeOpen()
    environment.receive(snapshot)
    pong()
  }
  const pong = (seq = fold.view?.at.seq ?? 0) => {
    const pings = environment.frames('ping') as { n: number }[]
    environment.receive({ pong: { n: pings[pings.length - 1]?.n ?? 0, now: environment.time, clock, at: at(seq) } })
  }
  const link = () => freshness(connection.frameTimes, environment.time).state
  return { environment, fold, outbox, reports, ended, connection, becomeOpen, live, pong, link }
}

test('connection: the first hello has no position, the next one has', () => {
  const { environment, live } = setUp()
  live()
  equal(environment.frames('hello'), [{ v: 1 }])
  environment.socket.handler.onClose(1006)
  environment.pass(300)
  environment.socket.handler.onOpen()
  equal(environment.frames('hello'), [{ v: 1, have: at(5), subjects: 's1' }])
})

test('connection: a socket that does not open is given up after six seconds', () => {
  const { environment } = setUp()
  environment.pass(5_999)
  truth(!environment.socket.closed, 'given up too early')
  environment.pass(2_000)
  truth(environment.sockets[0]?.closed === true, 'still waiting')
  equal(environment.sockets.length, 2)
})

test('connection: without a pong within four seconds the socket is given up, even if frames come', () => {
  const { environment, live, link } = setUp()
  live()
  environment.pass(20_000) // the next ping
  equal(link(), 'live')
  environment.pass(4_000)
  truth(environment.sockets[0]?.closed === true, 'still trusted')
  environment.pass(1_000)
  equal(link(), 'stale')
  environment.pass(25_000)
  equal(link(), 'offline')
})

test('connection: frames of a socket that was given up are ignored', () => {
  const { environment, live, fold } = setUp()
  live()
  environment.pass(25_000)
  const old = environment.sockets[0]
  old?.handler.onText(JSON.stringify(patch(5, 6, { set: { 'me/a': { name: 'ghost' } } })))
  equal(fold.view?.at.seq, 5)
})

test('connection: pings every 20 s, hidden every 60 s, and at once when it becomes hidden', () => {
  const { environment, live, pong, connection } = setUp()
  live()
  environment.pass(20_000)
  equal(environment.frames('ping').length, 2)
  pong()
  connection.setHidden(true)
  equal(environment.frames('ping').slice(-1), [{ n: 3, ack: 5, hidden: true }])
  pong()
  environment.pass(59_000)
  equal(environment.frames('ping').length, 3)
  environment.pass(1_000)
  equal(environment.frames('ping').length, 4)
})

test('connection: a wake-up pings at once, and dials again if a pong is overdue', () => {
  const { environment, live, connection } = setUp()
  live()
  connection.wake()
  equal(environment.frames('ping').length, 2)
  environment.sleep(60_000)
  connection.wake()
  truth(environment.sockets[0]?.closed === true, 'the dead socket is kept')
})

test('connection: a wake-up shortens the pause before the next dial, except one that the server asked for', () => {
  const { environment, live, connection } = setUp()
  live()
  environment.socket.handler.onClose(1006)
  connection.wake()
  equal(environment.sockets.length, 2)
  environment.socket.handler.onClose(4001)
  connection.wake()
  equal(environment.sockets.length, 2)
  environment.pass(15_000)
  equal(environment.sockets.length, 3)
})

test('freshness: a saved view is not live before a frame confirms it', () => {
  const { environment, becomeOpen, link } = setUp()
  equal(link(), 'waking')
  becomeOpen()
  equal(link(), 'waking', 'greeted, but the view is not confirmed')
  environment.receive(snapshot)
  equal(link(), 'live')
})

test('freshness: a recent view is not live before it is confirmed', () => {
  const times = { confirmed: false, trueUntil: 99_000, dueSince: 100_000, serverStaleSince: 0 }
  equal(freshness(times, 101_000), { state: 'waking', asOf: 99_000 })
  equal(freshness(times, 105_000), { state: 'stale', asOf: 99_000 })
  equal(freshness({ ...times, confirmed: true, dueSince: 0 }, 101_000), { state: 'live', asOf: 101_000 })
})

test('connection: acknowledges personal cards and snapshots at once, others every fourth frame or after ten seconds', () => {
  const { environment, live } = setUp()
  live()
  equal(environment.frames('ack'), [{ seq: 5 }])
  for (const seq of [6, 7, 8]) environment.receive(patch(seq - 1, seq, { set: { 'round/R1': {} } }))
  equal(environment.frames('ack').length, 1)
  environment.receive(patch(8, 9))
  equal(environment.frames('ack').slice(-1), [{ seq: 9 }])
  environment.receive(patch(9, 10))
  environment.pass(10_000)
  equal(environment.frames('ack').slice(-1), [{ seq: 10 }])
  environment.receive(patch(10, 11, { set: { 'notice/n1': {} } }))
  equal(environment.frames('ack').slice(-1), [{ seq: 11 }])
})

test('connection: acknowledges when 16 KiB are unacknowledged, so that the server’s window never fills', () => {
  const { environment, live } = setUp()
  live()
  const large = { 'announcement/a1': { text: { ko: '가'.repeat(3000) } } } // 9,000 bytes
  environment.receive(patch(5, 6, { set: large }))
  equal(environment.frames('ack').length, 1)
  environment.receive(patch(6, 7, { set: large }))
  equal(environment.frames('ack').slice(-1), [{ seq: 7 }])
})

test('connection: a gap, or a pong ahead of the view, makes a new connection with the position', () => {
  for (const break_ of ['patch', 'pong']) {
    const { environment, live, connection } = setUp()
    live()
    if (break_ === 'patch') environment.receive(patch(7, 8))
    else {
      connection.wake()
      const pings = environment.frames('ping') as { n: number }[]
      environment.receive({ pong: { n: pings[pings.length - 1]?.n ?? 0, now: environment.time, clock, at: at(6) } })
    }
    truth(environment.sockets[0]?.closed === true, `${break_}: goes on`)
    environment.pass(0)
    environment.socket.handler.onOpen()
    equal(environment.frames('hello'), [{ v: 1, have: at(5), subjects: 's1' }], break_)
  }
})

test('connection: a large snapshot is fetched, with retries, and held patches follow it', async () => {
  const { environment, becomeOpen, fold } = setUp()
  becomeOpen()
  environment.receive({ snapshot: { at: at(5), get: '/big' } })
  environment.receive(patch(5, 6, { set: { 'me/a': { name: 'new' } } }))
  environment.gets[0]?.answer(503, null)
  await settled()
  environment.pass(2_000)
  equal(environment.gets.length, 2)
  environment.gets[1]?.answer(200, { at: at(5), cards: { 'me/a': { name: 'old' } } })
  await settled()
  equal(fold.view && cardsOf(fold.view), { 'me/a': { name: 'new' } })
  equal(environment.frames('ack').slice(-1), [{ seq: 6 }])
})

test('connection: a signed-out session ends and is not dialled again', () => {
  const { environment, live, ended, connection } = setUp()
  live()
  environment.socket.handler.onClose(4102)
  equal(ended, ['signedOut'])
  connection.wake()
  environment.pass(60_000)
  equal(environment.sockets.length, 1)
})

test('connection: commands go one by one in order, again on a new connection, until they are answered', () => {
  const { environment, live, outbox, connection, reports } = setUp()
  outbox.put('seen', { notices: ['n1'] }, 1, {})
  outbox.put('requestInterpreter', { meeting: 'm1' }, 2, { base: 5 })
  live()
  const ids = () => environment.frames('command').map((c) => (c as { id: string }).id)
  connection.flush()
  equal(ids(), ['c1'])
  environment.socket.handler.onClose(1006)
  environment.pass(300)
  live()
  equal(ids(), ['c1'])
  environment.receive({ accepted: { id: 'c1', seq: 6 } })
  equal(ids(), ['c1', 'c2'])
  environment.receive({ rejected: { id: 'c2', code: 'unavailable' } })
  connection.flush()
  equal(ids(), ['c1', 'c2'], 'resent without a pause')
  environment.pass(2_000)
  equal(ids(), ['c1', 'c2', 'c2'])
  environment.receive({ rejected: { id: 'c2', code: 'stale', params: { by: 'x' } } })
  equal(outbox.waiting.length, 0)
  equal(reports[reports.length - 1], { state: 'rejected', refusal: { code: 'stale', params: { by: 'x' } } })
})

test('connection: commands that waited for the journal are sent as soon as it is back', () => {
  const { environment, live, outbox, connection } = setUp()
  outbox.put('seen', { notices: ['n1'] }, 1, {})
  live()
  connection.flush()
  environment.receive({ live: { staleSince: environment.time - 3_000 } })
  environment.receive({ rejected: { id: 'c1', code: 'unavailable' } })
  equal(environment.frames('command').length, 1)
  environment.receive({ live: {} })
  environment.pass(0)
  equal(environment.frames('command').length, 2)
})

test('freshness: stale while the server cannot reach its journal, even if frames come', () => {
  const { environment, live, link } = setUp()
  live()
  environment.receive({ live: { staleSince: environment.time - 3_000 } })
  equal(link(), 'stale')
  environment.receive({ live: {} })
  equal(link(), 'live')
})
