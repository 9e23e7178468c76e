// The outbox holds commands in the order they were given, each under its own id, until the server
// has given its final answer. Sending a command twice is safe, so that a reload, a lost socket or a
// second tab neither loses nor doubles one.
import type { Commands } from '../shared/cards'
import { type KeyValueStore, parseStored } from './storage'

export interface Entry {
  id: string
  n: number // order on this device
  base?: number | undefined
  after?: string[] | undefined
  until?: number | undefined
  name: keyof Commands
  body: unknown
}

/** Progress is how far a command has come. */
export type Progress =
  | { state: 'waiting' } // not answered yet, sent or not
  | { state: 'accepted'; seq: number; notes: Refusal[] } // durable; the view shows it from seq on
  | { state: 'rejected'; refusal: Refusal }

export interface Refusal {
  code: string
  params?: Record<string, string> | undefined
}

/** With these codes the command stays and is sent again: PROTOCOL.md, "Codes". */
const temporaryCodes = new Set(['unavailable', 'busy', 'draining', 'too_many_requests', 'full', 'internal'])

/** A command may depend on this many others. */
const maxAfter = 32

/** No person has more commands waiting than this; it bounds what a page can queue. */
const maxWaiting = 200

export class Outbox {
  private entries: Entry[] = []
  private inFlight = '' // the id of the command that was sent on this connection and has no answer yet
  private awaitingView = new Map<string, { entry: Entry; seq: number }>() // accepted, but not in the view yet
  private prefix: string

  constructor(
    private store: KeyValueStore,
    link: string,
    private newID: () => string,
    /** onProgress is called for every change of a command's progress, of commands of an earlier visit too. */
    private onProgress: (entry: Entry, progress: Progress) => void,
  ) {
    this.prefix = `mf.out/${link}/`
    for (const key of store.keys(this.prefix)) {
      const entry = parseStored<Entry>(store.get(key))
      if (entry) this.entries.push(entry)
      else store.remove(key)
    }
    this.entries.sort((a, b) => a.n - b.n)
  }

  /** waiting returns the commands without a final answer, in order. */
  get waiting(): readonly Entry[] {
    return this.entries
  }

  /**
   * put adds a command, or returns null if too many are waiting. It depends on the earlier commands
   * whose bodies share an id with it.
   */
  put(name: keyof Commands, body: unknown, now: number, options: Pick<Entry, 'base' | 'until'>): Entry | null {
    if (this.entries.length >= maxWaiting) return null
    const last = this.entries[this.entries.length - 1]
    const after = this.dependencies(body)
    const entry: Entry = {
      id: this.newID(),
      n: Math.max(now, (last?.n ?? 0) + 1),
      name,
      body,
      base: options.base,
      until: options.until,
      after: after.length ? after : undefined,
    }
    this.entries.push(entry)
    this.store.set(this.prefix + entry.id, JSON.stringify(entry))
    this.onProgress(entry, { state: 'waiting' })
    return entry
  }

  /** dependencies returns the earlier commands about the same things that the view does not show yet. */
  private dependencies(body: unknown): string[] {
    const things = subjectsOf(body)
    const same = (entry: Entry) => subjectsOf(entry.body).some((thing) => things.includes(thing))
    const accepted = [...this.awaitingView.values()].map((l) => l.entry)
    return [...accepted, ...this.entries].filter(same).slice(-maxAfter).map((entry) => entry.id)
  }

  /** resendAll prepares for a new connection, on which every unanswered command is sent again. */
  resendAll(): void {
    this.inFlight = ''
  }

  /**
   * next returns the command to send now, as the body of a frame. One is in flight at a time, so
   * that the order holds if one is delayed.
   */
  next(): Record<string, unknown> | null {
    const entry = this.entries[0]
    if (!entry || this.inFlight) return null
    this.inFlight = entry.id
    return envelope(entry)
  }

  accepted(id: string, seq: number, notes: Refusal[]): void {
    const entry = this.remove(id)
    if (!entry) return
    this.awaitingView.set(id, { entry, seq })
    this.onProgress(entry, { state: 'accepted', seq, notes })
  }

  /** rejected returns whether the command stays and must be sent again after a pause. */
  rejected(id: string, refusal: Refusal): boolean {
    if (temporaryCodes.has(refusal.code) || this.awaitsEarlier(id, refusal)) {
      this.notInFlight(id)
      return true
    }
    const entry = this.remove(id)
    if (!entry) return false
    this.onProgress(entry, { state: 'rejected', refusal })
    // Commands that depend on it cannot be applied without it.
    for (const follower of this.entries.filter((e) => e.after?.includes(id))) {
      this.rejected(follower.id, { code: 'after_missing', params: { after: id } })
    }
    return false
  }

  /** awaitsEarlier reports whether a command was rejected only because the one before it is sent again. */
  private awaitsEarlier(id: string, refusal: Refusal): boolean {
    const entry = this.entries.find((e) => e.id === id)
    return refusal.code === 'after_missing' && this.entries.some((e) => entry?.after?.includes(e.id))
  }

  /** viewReached takes the position of the view: accepted commands up to it are shown now. */
  viewReached(seq: number): void {
    this.awaitingView.forEach((landed, id) => landed.seq <= seq && this.awaitingView.delete(id))
  }

  /** clear removes every command, because the session is over. */
  clear(): void {
    for (const entry of [...this.entries]) this.remove(entry.id)
    this.awaitingView.clear()
  }

  private notInFlight(id: string): void {
    if (this.inFlight === id) this.inFlight = ''
  }

  private remove(id: string): Entry | undefined {
    const at = this.entries.findIndex((entry) => entry.id === id)
    if (at < 0) return undefined
    this.notInFlight(id)
    this.store.remove(this.prefix + id)
    return this.entries.splice(at, 1)[0]
  }
}

/** envelope returns the body of a command frame and of a POST. */
export function envelope(entry: Entry): Record<string, unknown> {
  const { id, base, after, until, name, body } = entry
  return { id, base, after, until, [name]: body }
}

/** The fields of a command's body that name what it changes. */
const subjectFields = ['meeting', 'a', 'b', 'table', 'request', 'interpreter', 'attendee', 'announcement', 'link']

/** subjectsOf returns the ids of what a command changes; a move changes its meeting, not the whole round. */
function subjectsOf(body: unknown): string[] {
  const fields = body as Record<string, unknown>
  const of = 'meeting' in fields ? subjectFields : [...subjectFields, 'round', 'item']
  return of.flatMap((field) => (typeof fields[field] === 'string' ? [fields[field] as string] : []))
}

/** randomID returns 128 random bits. Over plain HTTP there is getRandomValues, but no randomUUID. */
export function randomID(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
