import { equal, test } from '../testing/check'
import { batch, computed, effect, signal } from './mini-signals'

test('mini-signals: an effect runs when a signal that it read changes, and only then', () => {
  const [a, b] = [signal(1), signal(10)]
  const seen: number[] = []
  effect(() => void seen.push(a.value + b.peek()))
  a.value = 2
  a.value = 2
  b.value = 20
  equal(seen, [11, 12])
})

test('mini-signals: a batch runs an effect once, after everything is set', () => {
  const [a, b] = [signal(1), signal(1)]
  const sum = computed(() => a.value + b.value)
  const seen: number[] = []
  effect(() => void seen.push(sum.value))
  batch(() => {
    a.value = 2
    batch(() => void (b.value = 2))
  })
  equal(seen, [2, 4])
})

test('mini-signals: effects that set signals reach a stable state, nested or not', () => {
  const [a, b] = [signal(1), signal(0)]
  const seen: number[] = []
  effect(() => void (b.value = a.value * 2))
  effect(() => void seen.push(b.value))
  a.value = 5
  equal(seen, [2, 10])
})

test('mini-signals: an effect that throws does not stop later runs of the others', () => {
  const a = signal(1)
  let runs = 0
  effect(() => {
    runs++
    if (a.value === 2) throw new Error('once')
  })
  try {
    a.value = 2
  } catch {
    // the error itself must reach the caller
  }
  a.value = 3
  equal(runs, 3)
})
