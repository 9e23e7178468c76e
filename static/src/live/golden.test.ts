// The frames of wire/testdata, read as a page reads them, and the verdicts of floor/testdata.
import { golden } from 'golden'
import { equal, test, truth } from '../testing/check'
import { FakeEnvironment } from '../testing/fake-environment'
import { Clocks } from './clock'
import { Connection } from './connection'
import { Fold } from './fold'
import type { Cards, FromServer, Position, Snapshot } from './frames'
import { type Entry, envelope, Outbox } from './outbox'
import { reconnectAfter } from './reconnect'
import { memoryStore } from './storage'
import { cardsOf, fromSnapshot, type View } from './view'

interface Held {
  at: Position
  cards: Cards
}

interface FoldCase {
  name: string
  have: Held | null
  frames: (FromServer & { fetched?: Snapshot })[]
  then: Held | null
  client: 'go on' | 'resume'
}

const read = <T>(name: string): T[] => JSON.parse(golden[name] ?? '[]') as T[]

const viewOf = (held: Held | null): View | null => (held ? fromSnapshot(held.at, held.cards) : null)

/** play returns whether the frames of a case end in a new connection. */
function play(fold: Fold, frames: FoldCase['frames']): 'go on' | 'resume' {
  let asked: Position | null = null // of the last GET, even if it is no longer wanted
  for (const frame of frames) {
    let folded: string = 'ignored'
    asked = fold.fetchingSnapshot ?? asked
    if (frame.fetched) {
      if (asked) folded = fold.fetched(asked, frame.fetched)
    } else if (frame.snapshot) folded = fold.snapshot(frame.snapshot)
    else if (frame.patch) folded = fold.patch(frame.patch)
    else if (frame.pong) folded = fold.pong(frame.pong)
    if (folded === 'gap') return 'resume'
  }
  return 'go on'
}

const folds = read<FoldCase>('folds.json')

test('golden folds: there are at least ten', () => truth(folds.length >= 10, `only ${folds.length} in wire/testdata/folds.json`))

for (const c of folds) {
  test(`golden fold: ${c.name}`, () => {
    const fold = new Fold(viewOf(c.have))
    equal(play(fold, c.frames), c.client, 'the client goes on')
    const view = fold.view
    equal(view && { at: view.at, cards: cardsOf(view) }, c.then, 'what it holds')
  })
}

const comebacks: Record<string, (code: number) => boolean> = {
  never: (code) => 'stop' in reconnectAfter(code, 0, 3, 0.5) && !('retryIn' in reconnectAfter(code, 0, 3, 0.5)),
  usual: (code) => JSON.stringify(reconnectAfter(code, 0, 3, 0.5)) === '{"retryIn":2000}',
  soon: (code) => JSON.stringify(reconnectAfter(code, 0, 3, 0.5)) === '{"retryIn":1000}',
  later: (code) => JSON.stringify(reconnectAfter(code, 0, 3, 0.5)) === '{"retryIn":10000}',
  now: (code) => JSON.stringify(reconnectAfter(code, 0, 3, 0.5)) === '{"retryIn":0}' && JSON.stringify(reconnectAfter(code, code, 3, 0.5)) === '{"retryIn":2000}',
  reload: (code) => 'reloadIn' in reconnectAfter(code, 0, 3, 0.5),
  'sign-in': (code) => JSON.stringify(reconnectAfter(code, 0, 3, 0.5)) === '{"stop":"signedOut"}',
}

for (const { code, comeback } of read<{ code: number; comeback: string }>('closes.json')) {
  test(`golden close: ${code}`, () => truth(comebacks[comeback]?.(code) ?? false, `not "${comeback}"`))
}

const named = ['hello', 'snapshot', 'patch', 'pong', 'live', 'accepted', 'rejected', 'error']

for (const { name, frame } of read<{ name: string; frame: Record<string, unknown> }>('from_server.json')) {
  test(`golden frame: ${name}`, () => {
    const keys = Object.keys(frame)
    equal(keys.length, 1, 'kinds')
    truth(named.includes(keys[0] ?? ''), `no page knows ${keys[0]}`)
  })
}

/** The names of a command's envelope; the remaining name is the command's own. */
const envelopeNames = ['id', 'base', 'after', 'until']

for (const { name, command } of read<{ name: string; command: Record<string, unknown> }>('commands.json')) {
  test(`golden command: ${name} ${String(command.id)}`, () => {
    const kind = Object.keys(command).find((key) => !envelopeNames.includes(key)) as Entry['name']
    const { id, base, after, until } = command as unknown as Entry
    const written = envelope({ id, base, after, until, n: 1, name: kind, body: command[kind] })
    // Compare the text, not only the value: both ends write the names in one order.
    equal(JSON.stringify(written), JSON.stringify(command))
  })
}

const fromClient = new Map(read<{ name: string; frame: { hello?: { have?: Position; subjects?: string; hidden?: boolean } } }>('from_client.json').map((c) => [c.name, c.frame]))

for (const name of ['hello_first', 'hello_again']) {
  test(`golden frame: ${name}, as the connection says it`, () => {
    const want = fromClient.get(name)
    const { have, subjects = '', hidden = false } = want?.hello ?? {}
    const environment = new FakeEnvironment()
    const nobody = { onViewChange() {}, onHello() {}, onLive() {}, onFreshnessChange() {}, onEnd() {} }
    const outbox = new Outbox(memoryStore(), 'demo/l', () => 'c', () => {})
    const fold = new Fold(have ? fromSnapshot(have, {}) : null)
    const connection = new Connection(environment, { live: '/live', snapshot: '/snapshot', personal: true }, fold, new Clocks(), outbox, nobody, { subjects, asOf: 0 })
    connection.start(hidden)
    environment.socket.handler.onOpen()
    equal(JSON.stringify(environment.socket.sent[0]), JSON.stringify(want))
  })
}
