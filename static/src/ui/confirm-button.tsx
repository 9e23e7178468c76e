// A button for an action that needs a confirmation: the first press arms it and
// shows what will happen, a second press within five seconds runs it.
import { signal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { t } from '../shared/words'
import { Icon } from './icon'
import { alertIcon } from './icons'

/** Action is what a confirmation arms and runs. */
export interface Action {
  /** Identifies the action: a press with the name of the armed action confirms it. */
  name: string
  /** What will happen. */
  words: string
  /** The label of the button that confirms. */
  confirm: string
  run: () => void
}

/** Milliseconds after which an armed action is disarmed. */
const armedFor = 5_000

/** A second press within this many milliseconds is the same press of an unsteady finger. */
const bounce = 350

/** Confirmation holds the one action that is armed. */
export class Confirmation {
  readonly armed = signal<Action | null>(null)
  private armedAt = 0
  private timer = 0

  /** press arms an action, or runs it if it is armed already. */
  press(action: Action): void {
    const now = Date.now()
    if (this.armed.value?.name === action.name) {
      if (now - this.armedAt > bounce) this.confirm()
      return
    }
    this.armed.value = action
    this.armedAt = now
    clearTimeout(this.timer)
    this.timer = window.setTimeout(() => this.cancel(), armedFor)
  }

  /** confirm runs the armed action, if there is one. */
  confirm(): void {
    const action = this.armed.value
    this.cancel()
    action?.run()
  }

  /** cancel disarms without running anything. */
  cancel(): void {
    clearTimeout(this.timer)
    this.armed.value = null
  }
}

interface Props extends Action {
  confirmation: Confirmation
  children: string
  class?: string
}

/** ConfirmButton arms its action in a confirmation that the page shares; ConfirmBar shows what will happen. */
export function ConfirmButton({ confirmation, children, class: more = '', ...action }: Props) {
  const armed = confirmation.armed.value?.name === action.name
  return (
    <button type="button" class={'button small ' + more} data-armed={armed ? '' : undefined} onClick={() => confirmation.press(action)}>
      {armed ? action.confirm : children}
    </button>
  )
}

/** ConfirmBar shows what the armed action will do, with a button to confirm and one to cancel. */
export function ConfirmBar({ confirmation }: { confirmation: Confirmation }) {
  const action = confirmation.armed.value
  return (
    <div class="armed-place" role="alert">
      {action && (
        <div class="armed" key={action.name}>
          <Icon d={alertIcon} />
          <p>{action.words}</p>
          <button type="button" class="button small danger" onClick={() => confirmation.confirm()}>{action.confirm}</button>
          <button type="button" class="button small" onClick={() => confirmation.cancel()}>{t('word.cancel')}</button>
          <span class="fuse" />
        </div>
      )}
    </div>
  )
}

/** InlineConfirmButton has a confirmation of its own, and shows above itself what will happen. */
export function InlineConfirmButton({ words, children, ...rest }: Omit<Props, 'confirmation' | 'name'>) {
  const confirmation = useMemo(() => new Confirmation(), [])
  useEffect(() => () => confirmation.cancel(), [])
  const armed = confirmation.armed.value !== null
  return (
    <div class="confirm">
      <div role="alert">{armed && <p class="confirm-words"><Icon d={alertIcon} />{words}</p>}</div>
      <div class="confirm-buttons">
        <ConfirmButton confirmation={confirmation} name="own" words={words} {...rest}>{children}</ConfirmButton>
        {armed && <button type="button" class="button small" onClick={() => confirmation.cancel()}>{t('word.cancel')}</button>}
      </div>
    </div>
  )
}
