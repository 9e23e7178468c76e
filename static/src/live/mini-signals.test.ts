import { equal, test } from '../testing/check'
import { batch, computed, effect, signal } from './mini-signals'

test('little signals: an effect follows what it reads, and only what changes', () => {
  const [a, b] = [signal(1), signal(10)]
  const seen: number[] = []
  effect(() => void seen.push(a.value + b.peek()))
  a.value = 2
  a.value = 2
  b.value = 20
  equal(seen, [11, 12])
})

test('little signals: a batch runs an effect once, with everything set', () => {
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

test('little signals: effects that set signals settle, nested or not', () => {
  const [a, b] = [signal(1), signal(0)]
  const seen: number[] = []
  effect(() => void (b.value = a.value * 2))
  effect(() => void seen.push(b.value))
  a.value = 5
  equal(seen, [2, 10])
})

test('little signals: one that throws does not stop the rest from being told later', () => {
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
