// A replacement for @preact/signals-core, which is too large for the phones' pages. The bundler
// puts this file in its place for pages that one effect draws. It keeps no dependency graph: a
// computed value is computed at each reading, and an effect runs at most once after a batch.

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

/** effect runs at once, and again after each change of a signal that it has read. */
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

/** batch delays effects until the outermost batch ends. */
export function batch(work: () => void): void {
  if (pendingEffects) return work()
  const batched = (pendingEffects = new Set<Run>())
  try {
    work()
    // An effect may change signals and so add effects; a Set also visits elements that are added
    // while it is visited.
    batched.forEach((run) => {
      batched.delete(run)
      run()
    })
  } finally {
    pendingEffects = undefined
  }
}
