// The fold applies frames to a view. While a large snapshot is fetched, it holds the patches that
// arrive and applies them after it.
import type { Patch, Pong, Position, Snapshot } from './frames'
import { applyPatch, behind, fromSnapshot, type View } from './view'

/** FoldResult is what a frame did. */
export type FoldResult =
  | 'applied' // the view or its position changed
  | 'ignored' // the view held it already
  | 'held' // it waits for the snapshot that is being fetched
  | 'fetch' // the snapshot's cards are to be fetched from where it says
  | 'gap' // a frame was missed: reconnect

/** More patches than this while a snapshot is fetched mean that it will not come. */
const maxHeld = 512

export class Fold {
  view: View | null
  private awaitedSnapshot: Position | null = null
  private heldPatches: Patch[] = []

  constructor(view: View | null = null) {
    this.view = view
  }

  /** fetchingSnapshot is the position of the snapshot whose cards are being fetched. */
  get fetchingSnapshot(): Position | null {
    return this.awaitedSnapshot
  }

  snapshot(frame: Snapshot): FoldResult {
    this.heldPatches = []
    if (!frame.cards) {
      this.awaitedSnapshot = frame.at
      return 'fetch'
    }
    this.awaitedSnapshot = null
    this.view = fromSnapshot(frame.at, frame.cards)
    return 'applied'
  }

  /** fetched takes the response of the snapshot's path: its position or a later one of the same log. */
  fetched(asked: Position, got: Snapshot): FoldResult {
    if (this.awaitedSnapshot !== asked) return 'ignored' // another snapshot came meanwhile
    this.awaitedSnapshot = null
    if (!got.cards || got.at.epoch !== asked.epoch || got.at.seq < asked.seq) return 'gap'
    this.view = fromSnapshot(got.at, got.cards)
    const patches = this.heldPatches
    this.heldPatches = []
    for (const patch of patches) if (this.patch(patch) === 'gap') return 'gap'
    return 'applied'
  }

  patch(frame: Patch): FoldResult {
    if (this.awaitedSnapshot) {
      if (this.heldPatches.length >= maxHeld) return 'gap'
      this.heldPatches.push(frame)
      return 'held'
    }
    if (!this.view) return 'gap'
    const step = applyPatch(this.view, frame)
    if (step === 'gap') return 'gap'
    if (step === 'ignore') return 'ignored'
    this.view = step
    return 'applied'
  }

  /** pong compares the view with the position up to which the server has sent everything. */
  pong(frame: Pong): FoldResult {
    if (this.awaitedSnapshot) {
      const received = this.heldPatches[this.heldPatches.length - 1]?.to ?? this.awaitedSnapshot
      return behind(received, frame.at) ? 'gap' : 'held'
    }
    return !this.view || behind(this.view.at, frame.at) ? 'gap' : 'ignored'
  }

  /** disconnected discards what only the lost connection could have completed. */
  disconnected(): void {
    this.awaitedSnapshot = null
    this.heldPatches = []
  }
}
