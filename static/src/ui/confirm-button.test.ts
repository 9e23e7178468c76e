import { equal, test } from '../testing/check'
import { type Action, Confirmation } from './confirm-button'

interface SetUp {
  confirmation: Confirmation
  action: (name: string) => Action
  ran: string[]
  wait: (ms: number) => void
  restore: () => void
}

/** setUp makes a confirmation whose clock and timer the test moves. */
function setUp(): SetUp {
  const { now } = Date
  const { setTimeout: start, clearTimeout: stop } = window
  let time = 1_000_000
  let timer: { at: number; run: () => void } | null = null
  Date.now = () => time
  Object.assign(window, {
    setTimeout: (run: () => void, ms: number) => ((timer = { at: time + ms, run }), 1),
    clearTimeout: () => void (timer = null),
  })
  const ran: string[] = []
  return {
    confirmation: new Confirmation(),
    action: (name) => ({ name, words: '', confirm: '', run: () => void ran.push(name) }),
    ran,
    wait(ms) {
      time += ms
      if (timer && timer.at <= time) timer.run()
    },
    restore() {
      Date.now = now
      Object.assign(window, { setTimeout: start, clearTimeout: stop })
    },
  }
}

test('confirm-button: a second press runs the action, a bounce does not', () => {
  const { confirmation, action, ran, wait, restore } = setUp()
  try {
    confirmation.press(action('end'))
    equal(ran, [], 'the first press arms')
    wait(300)
    confirmation.press(action('end'))
    equal([ran, confirmation.armed.value?.name], [[], 'end'], 'a bounce')
    wait(100)
    confirmation.press(action('end'))
    equal([ran, confirmation.armed.value], [['end'], null])
  } finally {
    restore()
  }
})

test('confirm-button: an action is disarmed after five seconds, by cancel, and by another action', () => {
  const { confirmation, action, ran, wait, restore } = setUp()
  try {
    confirmation.press(action('end'))
    wait(4_999)
    equal(confirmation.armed.value?.name, 'end')
    wait(1)
    equal(confirmation.armed.value, null, 'five seconds')
    confirmation.press(action('end'))
    wait(1_000)
    confirmation.press(action('start'))
    equal(confirmation.armed.value?.name, 'start', 'another action')
    wait(4_500)
    equal(confirmation.armed.value?.name, 'start', 'its own five seconds')
    confirmation.cancel()
    confirmation.confirm()
    equal([ran, confirmation.armed.value], [[], null], 'cancel')
  } finally {
    restore()
  }
})
