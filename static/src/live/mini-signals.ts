// What the phones' pages have in place of @preact/signals-core, whose size they
// cannot afford: the bundler puts this file where that name stands, for pages that
// are drawn whole by one effect. It keeps no graph: a computed value is worked out
// at each reading, and an effect runs at most once after a batch.

type Run = () => void

let activeEffect: Run | undefined
let pendingEffects: Set<Run> | undefined

export interface Signal<T> {
  value: T
  peek(): T
}

export function signal<T>(value: T): Signal<T> {
  const readers = new Set<Run>()
  return {
    get value() {
      if (activeEffect) readers.add(activeEffect)
      return value
    },
    set value(next) {
      if (next === value) return
      value = next
      batch(() => readers.forEach((run) => pendingEffects?.add(run)))
    },
    peek: () => value,
  }
}

export function computed<T>(work: () => T): { readonly value: T } {
  return {
    get value() {
      return work()
    },
  }
}

/** effect runs at once, and again after each change of a signal that it ever read. */
export function effect(work: () => void): void {
  const run = () => {
    const outer = activeEffect
    activeEffect = run
    try {
      work()
    } finally {
      activeEffect = outer
    }
  }
  run()
}

/** batch lets effects wait until the outermost batch ends. */
export function batch(work: () => void): void {
  if (pendingEffects) return work()
  const batched = (pendingEffects = new Set<Run>())
  try {
    work()
    // What an effect changes runs what reads it, in turn; a Set also visits what is added on the way.
    batched.forEach((run) => {
      batched.delete(run)
      run()
    })
  } finally {
    pendingEffects = undefined
  }
}
