import { equal, test } from '../testing/check'
import { Clocks } from './clock'

test('clocks: the shortest round trip decides until it is old or a time jump discards it', () => {
  const clocks = new Clocks()
  const clock = { wall: 0, event: 0, rate: 1 }
  clocks.pong(10_500, clock, 1_000, 1_400) // the round trip is 400 ms, so the time is 10_700 there
  equal(clocks.wallAt(1_400), 10_700)
  clocks.pong(20_000, clock, 2_000, 3_000)
  equal(clocks.wallAt(1_400), 10_700, 'a longer trip')
  clocks.pong(11_050, clock, 1_990, 2_000)
  equal(clocks.wallAt(2_000), 11_055, 'a shorter trip')
  clocks.forgetMeasurement()
  clocks.pong(50_000, clock, 2_000, 4_000)
  equal(clocks.wallAt(4_000), 51_000, 'after a jump')
})

test('clocks: the event time runs at its rate', () => {
  const clocks = new Clocks()
  clocks.hello(2_000, { wall: 1_000, event: 500_000, rate: 20 }, 2_000)
  equal(clocks.eventAt(2_000), 520_000)
  equal(clocks.eventAt(2_500), 530_000)
})
