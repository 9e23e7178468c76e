// What a page stores on the device between visits: the last view, the outbox, the language. Storage
// may be missing, full or forbidden; the page works without it then.

export interface KeyValueStore {
  get(key: string): string | null
  /** set returns whether the value was stored. */
  set(key: string, value: string): boolean
  remove(key: string): void
  /** keys returns the keys with a prefix. */
  keys(prefix: string): string[]
}

/** deviceStore returns localStorage if the browser allows it, else the page's memory. */
export function deviceStore(): KeyValueStore {
  try {
    const storage = window.localStorage
    storage.setItem('mf.try', '1')
    storage.removeItem('mf.try')
    return localStore(storage)
  } catch {
    return memoryStore() // private mode, or storage is disabled: nothing outlives the page
  }
}

function localStore(storage: Storage): KeyValueStore {
  return {
    get: (key) => storage.getItem(key),
    set(key, value) {
      try {
        storage.setItem(key, value)
        return true
      } catch {
        return false // full: the caller continues with what it has in memory
      }
    },
    remove: (key) => storage.removeItem(key),
    keys: (prefix) => Object.keys(storage).filter((key) => key.startsWith(prefix)),
  }
}

export function memoryStore(): KeyValueStore {
  const values = new Map<string, string>()
  return {
    get: (key) => values.get(key) ?? null,
    set(key, value) {
      values.set(key, value)
      return true
    },
    remove: (key) => void values.delete(key),
    keys: (prefix) => [...values.keys()].filter((key) => key.startsWith(prefix)),
  }
}

/** parseStored parses a stored value; an invalid one counts as missing. */
export function parseStored<T>(text: string | null): T | null {
  if (!text) return null
  try {
    return JSON.parse(text) as T
  } catch {
    return null
  }
}
