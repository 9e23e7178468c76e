// The outbox: commands in the order that they were given, each under its own id,
// until the server has answered for good. Sending one twice is always safe, so a
// reload, a lost socket or a second tab never loses a command and never doubles it.
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

/** How far a command has come, as the page may tell it. */
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

/** A command may name so many others. */
const maxAfter = 32

/** No person has more taps than this waiting; it bounds what a page can pile up. */
export const maxWaiting = 200

export class Outbox {
  private entries: Entry[] = []
  private inFlight = '' // the command that is sent and not answered on the connection that is open
  private awaitingView = new Map<string, { entry: Entry; seq: number }>() // accepted, and not in the view yet
  private prefix: string

  constructor(
    private store: KeyValueStore,
    link: string,
    private newID: () => string,
    /** told of every command's way; it also hears of commands of an earlier visit */
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

  /** waiting returns what is not answered yet, in order. */
  get waiting(): readonly Entry[] {
    return this.entries
  }

  /** put adds a command; null: too many are waiting. `after` is found by the ids that bodies share. */
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

  /** dependencies returns the earlier commands about the same things, which the view does not show yet. */
  private dependencies(body: unknown): string[] {
    const things = subjectsOf(body)
    const same = (entry: Entry) => subjectsOf(entry.body).some((thing) => things.includes(thing))
    const accepted = [...this.awaitingView.values()].map((l) => l.entry)
    return [...accepted, ...this.entries].filter(same).slice(-maxAfter).map((entry) => entry.id)
  }

  /** resendAll begins anew: on a new connection everything that is unanswered is sent again. */
  resendAll(): void {
    this.inFlight = ''
  }

  /** next takes the command to send now, as a frame's body. One at a time: so the order holds where one is put off. */
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

  /** rejected returns whether the command stays and is to be sent again after a pause. */
  rejected(id: string, refusal: Refusal): boolean {
    if (temporaryCodes.has(refusal.code) || this.awaitsEarlier(id, refusal)) {
      this.notInFlight(id)
      return true
    }
    const entry = this.remove(id)
    if (!entry) return false
    this.onProgress(entry, { state: 'rejected', refusal })
    // What was built on it makes no sense without it.
    for (const follower of this.entries.filter((e) => e.after?.includes(id))) {
      this.rejected(follower.id, { code: 'after_missing', params: { after: id } })
    }
    return false
  }

  /** awaitsEarlier reports whether a command came too early only because the one before it goes again. */
  private awaitsEarlier(id: string, refusal: Refusal): boolean {
    const entry = this.entries.find((e) => e.id === id)
    return refusal.code === 'after_missing' && this.entries.some((e) => entry?.after?.includes(e.id))
  }

  /** viewReached notes that the view has come to a position: what landed is no longer under way. */
  viewReached(seq: number): void {
    this.awaitingView.forEach((landed, id) => landed.seq <= seq && this.awaitingView.delete(id))
  }

  /** clear forgets everything: the session is over. */
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

/** envelope returns the body of a command frame, and of a POST. */
export function envelope(entry: Entry): Record<string, unknown> {
  const { id, base, after, until, name, body } = entry
  return { id, base, after, until, [name]: body }
}

/** The fields of a command's body that name what it changes. */
const subjectFields = ['meeting', 'a', 'b', 'table', 'request', 'interpreter', 'attendee', 'announcement', 'link']

/** subjectsOf returns the things that a command's body is about; a move is about its meeting, not about the whole round. */
function subjectsOf(body: unknown): string[] {
  const fields = body as Record<string, unknown>
  const of = 'meeting' in fields ? subjectFields : [...subjectFields, 'round', 'item']
  return of.flatMap((field) => (typeof fields[field] === 'string' ? [fields[field] as string] : []))
}

/** randomID returns 128 random bits; getRandomValues is there over plain HTTP too, randomUUID is not. */
export function randomID(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
