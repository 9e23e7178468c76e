// What a page keeps on the device between visits: the last view, the outbox, the
// language. Storage may be missing, full or forbidden; the page then works without.

export interface Keeping {
  get(key: string): string | null
  /** set answers whether the value is kept. */
  set(key: string, value: string): boolean
  remove(key: string): void
  /** keys answers those that begin with a prefix. */
  keys(prefix: string): string[]
}

/** deviceKeeping is localStorage where the browser lets us have it, else this page's memory. */
export function deviceKeeping(): Keeping {
  try {
    const storage = window.localStorage
    storage.setItem('mf.try', '1')
    storage.removeItem('mf.try')
    return storageKeeping(storage)
  } catch {
    return memoryKeeping() // private mode, or storage switched off: nothing outlives the page
  }
}

function storageKeeping(storage: Storage): Keeping {
  return {
    get: (key) => storage.getItem(key),
    set(key, value) {
      try {
        storage.setItem(key, value)
        return true
      } catch {
        return false // full: the caller goes on with what it has in memory
      }
    },
    remove: (key) => storage.removeItem(key),
    keys: (prefix) => Object.keys(storage).filter((key) => key.startsWith(prefix)),
  }
}

export function memoryKeeping(): Keeping {
  const kept = new Map<string, string>()
  return {
    get: (key) => kept.get(key) ?? null,
    set(key, value) {
      kept.set(key, value)
      return true
    },
    remove: (key) => void kept.delete(key),
    keys: (prefix) => [...kept.keys()].filter((key) => key.startsWith(prefix)),
  }
}

/** parsed reads a kept value; what cannot be read counts as not kept. */
export function parsed<T>(text: string | null): T | null {
  if (!text) return null
  try {
    return JSON.parse(text) as T
  } catch {
    return null
  }
}
