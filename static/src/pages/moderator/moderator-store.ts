// The state of the moderator's page next to the floor: the lifted meeting, the focus, the armed
// action, the toasts. Components read its signals.
import { computed, effect, type ReadonlySignal, signal } from '@preact/signals'
import type { Problem } from '../../live/frames'
import type { Commands } from '../../shared/cards'
import { type Floor, makeFloor } from '../../shared/floor'
import type { FloorKinds } from '../../shared/floor-kinds'
import { searchFloor, type SearchResult } from '../../shared/search'
import type { SendOptions, Session } from '../../shared/session'
import { currentSlot, type Slot, timeline } from '../../shared/slots'
import { t } from '../../shared/words'
import { Confirmation } from '../../ui/confirm-button'
import { VerdictCache } from './move-rules'
import { Rights } from './rights'

export type Tab = 'floor' | 'now' | 'people' | 'day' | 'log'

/** Focus is what the side shows instead of the tabs. */
export type Focus = { meeting: string } | { table: string } | null

export interface Toast {
  n: number
  tone: 'done' | 'refused' | 'told'
  /** Evaluated when it is drawn: the cards that names are taken from may arrive after the refusal. */
  words: () => string
  /** The key of the command to undo. */
  undo?: string
  /** The refused command, to be dismissed. */
  sent?: string
}

const toastDuration = 10_000

type K = FloorKinds

export class ModeratorStore {
  readonly rights: ReadonlySignal<Rights>
  readonly floor: ReadonlySignal<Floor>
  readonly slots: ReadonlySignal<readonly Slot[]>
  readonly currentSlot: ReadonlySignal<Slot | undefined>
  readonly searchResult: ReadonlySignal<SearchResult | null>
  readonly verdicts: ReadonlySignal<VerdictCache | null>
  /** The ids of what commands in flight change. */
  readonly pending: ReadonlySignal<ReadonlySet<string>>
  readonly focus = signal<Focus>(null)
  readonly lifted = signal<string | null>(null)
  readonly query = signal('')
  readonly tab = signal<Tab>('now')
  readonly confirmation = new Confirmation()
  readonly toasts = signal<readonly Toast[]>([])
  readonly composing = signal(false)
  /** The round that a narrow screen shows; '' means the current one. */
  readonly round = signal('')
  /** Narrow screens show one round as a list, and the side as pages of their own. */
  readonly narrow: ReadonlySignal<boolean>
  private toastN = 0
  private sentCommands = new Map<string, { words: string; seen: boolean }>()
  private toastedRefusals = new Set<string>()

  constructor(readonly session: Session<K>, narrow: ReadonlySignal<boolean> = signal(false)) {
    this.narrow = narrow
    this.rights = computed(() => new Rights(session.you.value))
    this.floor = computed(() => makeFloor({
      round: session.cardsOf('round'),
      table: session.cardsOf('table'),
      meeting: session.cardsOf('meeting'),
      company: session.cardsOf('company'),
      request: session.cardsOf('request'),
      attendee: session.cardsOf('attendee'),
      interpreter: session.cardsOf('interpreter'),
    }))
    this.slots = computed(() => timeline(session.cardsOf('round'), session.cardsOf('item')))
    const minute = computed(() => Math.floor(session.now.value / 60_000))
    this.currentSlot = computed(() => currentSlot(this.slots.value, minute.value * 60_000))
    this.searchResult = computed(() => searchFloor(this.floor.value, this.query.value))
    this.verdicts = computed(() => this.makeVerdicts())
    this.pending = computed(() => new Set(session.sent.value.filter((s) => s.progress.state !== 'rejected').flatMap((s) => subjectsOf(s.body))))
  }

  /** watch shows the outcome of commands as toasts; it returns a function that stops it. */
  watch(words: (problem: Problem) => string, movedBy: (meeting: string) => string | null): () => void {
    const stops = [
      effect(() => this.toastAccepted()),
      effect(() => this.toastRefusals(words)),
      effect(() => this.putDownIfMoved(movedBy)),
    ]
    return () => stops.forEach((stop) => stop())
  }

  private makeVerdicts(): VerdictCache | null {
    const id = this.lifted.value
    const floor = this.floor.value
    if (!id || !floor.meeting.has(id)) return null
    const rights = this.rights.value
    return new VerdictCache(floor, id, (table) => rights.mayIn('moveMeeting', floor.table.get(table)?.zone))
  }

  /** send sends a command; words describe it in the toast that follows. */
  send<C extends keyof Commands>(name: C, body: Commands[C], words: string, options: SendOptions = {}): boolean {
    const id = this.session.send(name, body, options)
    if (id) this.sentCommands.set(`${this.session.key.link}/${id}`, { words, seen: false })
    else this.toast({ tone: 'refused', words: () => t('mod.outboxFull') })
    return !!id
  }

  /** undo undoes a command; words describe it in the toast that follows. */
  undo(command: string, words: string): void {
    this.toasts.value = this.toasts.value.filter((toast) => toast.undo !== command)
    this.send('undo', { command }, words)
  }

  toast(toast: Omit<Toast, 'n'>): void {
    const n = ++this.toastN
    this.toasts.value = [...this.toasts.value.slice(-3), { ...toast, n }]
    if (toast.tone !== 'refused') window.setTimeout(() => this.dismiss(n), toastDuration)
  }

  dismiss(n: number): void {
    const toast = this.toasts.value.find((t) => t.n === n)
    if (!toast) return
    this.toasts.value = this.toasts.value.filter((t) => t !== toast)
    if (toast.sent) this.session.dismiss(toast.sent)
  }

  /** toastAccepted shows a toast for each command of this page that the floor has accepted. */
  private toastAccepted(): void {
    const done = this.session.cardsOf('done')
    const rights = this.rights.value
    for (const card of done.values()) {
      const sentCommand = this.sentCommands.get(card.command)
      if (!sentCommand || sentCommand.seen) continue
      sentCommand.seen = true
      const undo = card.undo && rights.mayUndo(card.by) ? { undo: card.command } : {}
      queueMicrotask(() => this.toast({ tone: card.kind === 'undo' ? 'told' : 'done', words: () => sentCommand.words, ...undo }))
    }
  }

  private toastRefusals(words: (problem: Problem) => string): void {
    for (const sent of this.session.sent.value) {
      if (sent.progress.state !== 'rejected' || this.toastedRefusals.has(sent.id)) continue
      this.toastedRefusals.add(sent.id)
      const problem = sent.progress.refusal
      queueMicrotask(() => this.toast({ tone: 'refused', words: () => words(problem), sent: sent.id }))
    }
  }

  private liftedFrom: { id: string; round?: string; table?: string } | null = null

  /** putDownIfMoved puts the lifted meeting down if somebody else has moved it, and shows who. */
  private putDownIfMoved(movedBy: (meeting: string) => string | null): void {
    const id = this.lifted.value
    const place = id ? this.floor.value.meeting.get(id)?.place : undefined
    const before = this.liftedFrom
    this.liftedFrom = id ? { id, ...place } : null
    if (!id || before?.id !== id || (before.round === place?.round && before.table === place?.table)) return
    queueMicrotask(() => {
      this.lifted.value = null
      const words = movedBy(id)
      if (words) this.toast({ tone: 'told', words: () => words })
    })
  }
}

/** subjectsOf returns the ids of what a command changes. */
function subjectsOf(body: unknown): string[] {
  const of = body as Record<string, unknown>
  return ['meeting', 'a', 'b', 'request', 'attendee', 'interpreter', 'announcement', ...('meeting' in of ? [] : ['table', 'round', 'item'])]
    .flatMap((name) => (typeof of[name] === 'string' ? [`${of[name] as string}`] : []))
}
