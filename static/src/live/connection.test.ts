import { equal, test, truth } from '../testing/check'
import { FakeEnvironment, settled } from '../testing/world'
import { Clocks } from './clock'
import { Connection, type End } from './connection'
import { Fold } from './fold'
import type { FromServer, Patch, Position } from './frames'
import { freshness } from './freshness'
import { memoryStore } from './storage'
import { Outbox, type Progress } from './outbox'
import { cardsOf } from './view'

const at = (seq: number, epoch = 1): Position => ({ epoch, seq, hash: `h${seq}` })
const clock = { wall: 0, event: 0, rate: 1 }
const hello: FromServer = { hello: { v: 1, event: 'demo', you: { who: 'attendee:a', link: 'attendee-a', name: {} }, subjects: 's1', now: 1_000_000, clock } }
const snapshot: FromServer = { snapshot: { at: at(5), cards: { 'me/a': { name: 'A' } } } }
const patch = (from: number, to: number, more: Partial<Patch> = {}): FromServer => ({ patch: { from, to: at(to), ...more } })

function setUp() {
  const world = new FakeEnvironment()
  const fold = new Fold()
  const reports: Progress[] = []
  let ids = 0
  const outbox = new Outbox(memoryStore(), 'demo/attendee-a', () => `c${++ids}`, (_, progress) => void reports.push(progress))
  const ended: End[] = []
  const connection = new Connection(
    world,
    { live: '/live', snapshot: '/snapshot', personal: true },
    fold,
    new Clocks(),
    outbox,
    { onViewChange() {}, onHello() {}, onLive() {}, onFreshnessChange() {}, onEnd: (why) => void ended.push(why) },
    { subjects: '', asOf: 0 },
  )
  connection.start(false)
  const becomeOpen = () => {
    world.socket.handler.onOpen()
    world.receive(hello)
  }
  const live = () => {
    becomeOpen()
    world.receive(snapshot)
    pong()
  }
  const pong = (seq = fold.view?.at.seq ?? 0) => {
    const pings = world.frames('ping') as { n: number }[]
    world.receive({ pong: { n: pings[pings.length - 1]?.n ?? 0, now: world.time, clock, at: at(seq) } })
  }
  const link = () => freshness(connection.frameTimes, world.time).state
  return { world, fold, outbox, reports, ended, connection, becomeOpen, live, pong, link }
}

test('connection: the first hello has no position, the next one has', () => {
  const { world, live } = setUp()
  live()
  equal(world.frames('hello'), [{ v: 1 }])
  world.socket.handler.onClose(1006)
  world.pass(300)
  world.socket.handler.onOpen()
  equal(world.frames('hello'), [{ v: 1, have: at(5), subjects: 's1' }])
})

test('connection: a socket that does not open is given up after six seconds', () => {
  const { world } = setUp()
  world.pass(5_999)
  truth(!world.socket.closed, 'given up too early')
  world.pass(2_000)
  truth(world.sockets[0]?.closed === true, 'still waiting')
  equal(world.sockets.length, 2)
})

test('connection: without a pong within four seconds the socket is given up, even if frames come', () => {
  const { world, live, link } = setUp()
  live()
  world.pass(20_000) // the next ping
  equal(link(), 'live')
  world.pass(4_000)
  truth(world.sockets[0]?.closed === true, 'still trusted')
  world.pass(1_000)
  equal(link(), 'stale')
  world.pass(25_000)
  equal(link(), 'offline')
})

test('connection: frames of a socket that was given up are ignored', () => {
  const { world, live, fold } = setUp()
  live()
  world.pass(25_000)
  const old = world.sockets[0]
  old?.handler.onText(JSON.stringify(patch(5, 6, { set: { 'me/a': { name: 'ghost' } } })))
  equal(fold.view?.at.seq, 5)
})

test('connection: pings every 20 s, hidden every 60 s, and at once when it becomes hidden', () => {
  const { world, live, pong, connection } = setUp()
  live()
  world.pass(20_000)
  equal(world.frames('ping').length, 2)
  pong()
  connection.setHidden(true)
  equal(world.frames('ping').slice(-1), [{ n: 3, ack: 5, hidden: true }])
  pong()
  world.pass(59_000)
  equal(world.frames('ping').length, 3)
  world.pass(1_000)
  equal(world.frames('ping').length, 4)
})

test('connection: a wake-up pings at once, and dials again if a pong is overdue', () => {
  const { world, live, connection } = setUp()
  live()
  connection.wake()
  equal(world.frames('ping').length, 2)
  world.sleep(60_000)
  connection.wake()
  truth(world.sockets[0]?.closed === true, 'the dead socket is kept')
})

test('connection: a wake-up shortens the pause before the next dial, except one that the server asked for', () => {
  const { world, live, connection } = setUp()
  live()
  world.socket.handler.onClose(1006)
  connection.wake()
  equal(world.sockets.length, 2)
  world.socket.handler.onClose(4001)
  connection.wake()
  equal(world.sockets.length, 2)
  world.pass(15_000)
  equal(world.sockets.length, 3)
})

test('freshness: a saved view is not live before a frame confirms it', () => {
  const { world, becomeOpen, link } = setUp()
  equal(link(), 'waking')
  becomeOpen()
  equal(link(), 'waking', 'greeted, but the view is not confirmed')
  world.receive(snapshot)
  equal(link(), 'live')
})

test('freshness: a recent view is not live before it is confirmed', () => {
  const times = { confirmed: false, trueUntil: 99_000, dueSince: 100_000, serverStaleSince: 0 }
  equal(freshness(times, 101_000), { state: 'waking', asOf: 99_000 })
  equal(freshness(times, 105_000), { state: 'stale', asOf: 99_000 })
  equal(freshness({ ...times, confirmed: true, dueSince: 0 }, 101_000), { state: 'live', asOf: 101_000 })
})

test('connection: acknowledges personal cards and snapshots at once, others every fourth frame or after ten seconds', () => {
  const { world, live } = setUp()
  live()
  equal(world.frames('ack'), [{ seq: 5 }])
  for (const seq of [6, 7, 8]) world.receive(patch(seq - 1, seq, { set: { 'round/R1': {} } }))
  equal(world.frames('ack').length, 1)
  world.receive(patch(8, 9))
  equal(world.frames('ack').slice(-1), [{ seq: 9 }])
  world.receive(patch(9, 10))
  world.pass(10_000)
  equal(world.frames('ack').slice(-1), [{ seq: 10 }])
  world.receive(patch(10, 11, { set: { 'notice/n1': {} } }))
  equal(world.frames('ack').slice(-1), [{ seq: 11 }])
})

test('connection: acknowledges when 16 KiB are unacknowledged, so that the server’s window never fills', () => {
  const { world, live } = setUp()
  live()
  const large = { 'announcement/a1': { text: { ko: '가'.repeat(3000) } } } // 9,000 bytes
  world.receive(patch(5, 6, { set: large }))
  equal(world.frames('ack').length, 1)
  world.receive(patch(6, 7, { set: large }))
  equal(world.frames('ack').slice(-1), [{ seq: 7 }])
})

test('connection: a gap, or a pong ahead of the view, makes a new connection with the position', () => {
  for (const break_ of ['patch', 'pong']) {
    const { world, live, connection } = setUp()
    live()
    if (break_ === 'patch') world.receive(patch(7, 8))
    else {
      connection.wake()
      const pings = world.frames('ping') as { n: number }[]
      world.receive({ pong: { n: pings[pings.length - 1]?.n ?? 0, now: world.time, clock, at: at(6) } })
    }
    truth(world.sockets[0]?.closed === true, `${break_}: goes on`)
    world.pass(0)
    world.socket.handler.onOpen()
    equal(world.frames('hello'), [{ v: 1, have: at(5), subjects: 's1' }], break_)
  }
})

test('connection: a large snapshot is fetched, with retries, and held patches follow it', async () => {
  const { world, becomeOpen, fold } = setUp()
  becomeOpen()
  world.receive({ snapshot: { at: at(5), get: '/big' } })
  world.receive(patch(5, 6, { set: { 'me/a': { name: 'new' } } }))
  world.gets[0]?.answer(503, null)
  await settled()
  world.pass(2_000)
  equal(world.gets.length, 2)
  world.gets[1]?.answer(200, { at: at(5), cards: { 'me/a': { name: 'old' } } })
  await settled()
  equal(fold.view && cardsOf(fold.view), { 'me/a': { name: 'new' } })
  equal(world.frames('ack').slice(-1), [{ seq: 6 }])
})

test('connection: a signed-out session ends and is not dialled again', () => {
  const { world, live, ended, connection } = setUp()
  live()
  world.socket.handler.onClose(4102)
  equal(ended, ['signedOut'])
  connection.wake()
  world.pass(60_000)
  equal(world.sockets.length, 1)
})

test('connection: commands go one by one in order, again on a new connection, until they are answered', () => {
  const { world, live, outbox, connection, reports } = setUp()
  outbox.put('seen', { notices: ['n1'] }, 1, {})
  outbox.put('requestInterpreter', { meeting: 'm1' }, 2, { base: 5 })
  live()
  const ids = () => world.frames('command').map((c) => (c as { id: string }).id)
  connection.flush()
  equal(ids(), ['c1'])
  world.socket.handler.onClose(1006)
  world.pass(300)
  live()
  equal(ids(), ['c1'])
  world.receive({ accepted: { id: 'c1', seq: 6 } })
  equal(ids(), ['c1', 'c2'])
  world.receive({ rejected: { id: 'c2', code: 'unavailable' } })
  connection.flush()
  equal(ids(), ['c1', 'c2'], 'resent without a pause')
  world.pass(2_000)
  equal(ids(), ['c1', 'c2', 'c2'])
  world.receive({ rejected: { id: 'c2', code: 'stale', params: { by: 'x' } } })
  equal(outbox.waiting.length, 0)
  equal(reports[reports.length - 1], { state: 'rejected', refusal: { code: 'stale', params: { by: 'x' } } })
})

test('connection: commands that waited for the journal are sent as soon as it is back', () => {
  const { world, live, outbox, connection } = setUp()
  outbox.put('seen', { notices: ['n1'] }, 1, {})
  live()
  connection.flush()
  world.receive({ live: { staleSince: world.time - 3_000 } })
  world.receive({ rejected: { id: 'c1', code: 'unavailable' } })
  equal(world.frames('command').length, 1)
  world.receive({ live: {} })
  world.pass(0)
  equal(world.frames('command').length, 2)
})

test('freshness: stale while the server cannot reach its journal, even if frames come', () => {
  const { world, live, link } = setUp()
  live()
  world.receive({ live: { staleSince: world.time - 3_000 } })
  equal(link(), 'stale')
  world.receive({ live: {} })
  equal(link(), 'live')
})
