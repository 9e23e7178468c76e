// The replacement of the organiser's own link. The answer holds the new link, and may be lost: the
// page sends the same id until an answer comes, also after a reload.
import { type ReadonlySignal, signal } from '@preact/signals'
import type { Problem } from '../../live/frames'
import { randomID } from '../../live/outbox'
import type { KeyValueStore } from '../../live/storage'
import { absoluteURL, type Api } from './api'

export type Replacement =
  | { state: 'none' | 'asking' | 'signedOut' }
  /** Whether the link was replaced is not known. */
  | { state: 'unknown'; problem: Problem }
  | { state: 'done'; url: string }

export class OwnLink {
  private readonly present = signal<Replacement>({ state: 'none' })
  private readonly count = signal(0)
  private readonly key: string

  constructor(private readonly api: Pick<Api, 'rotate'>, private readonly store: KeyValueStore, link: string) {
    this.key = 'mf.rotate.' + link
    if (this.pending) this.present.value = { state: 'unknown', problem: { code: 'unreachable' } }
  }

  get replacement(): ReadonlySignal<Replacement> { return this.present }

  /** How often this page has replaced the link: each time, the sessions before it are over. */
  get replaced(): ReadonlySignal<number> { return this.count }

  /** Whether a replacement was asked for and not answered. */
  get pending(): boolean { return this.store.get(this.key) !== null }

  /** replace asks for a new link, or once more for the one that no answer came for. */
  async replace(): Promise<void> {
    if (this.present.value.state === 'asking') return
    this.present.value = { state: 'asking' }
    const id = this.store.get(this.key) ?? randomID()
    this.store.set(this.key, id)
    const answer = await this.api.rotate(id)
    if (answer.ok) {
      this.store.remove(this.key)
      this.count.value++
      this.present.value = { state: 'done', url: absoluteURL(answer.value.url, location.origin) }
    } else if (answer.problem.code === 'signed_out') {
      this.store.remove(this.key)
      this.present.value = { state: 'signedOut' }
    } else this.present.value = { state: 'unknown', problem: answer.problem }
  }
}
