// What has just been done, with ten seconds to take it back; and what was refused, until it is read.
import { Icon } from '../../ui/icon'
import { alert, check, close, undo } from '../../ui/icons'
import { t } from '../../shared/words'
import type { Console, Toast } from './moderator-store'

export function Toasts({ console }: { console: Console }) {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {console.toasts.value.map((toast) => (
        <One key={toast.n} console={console} toast={toast} />
      ))}
    </div>
  )
}

function One({ console, toast }: { console: Console; toast: Toast }) {
  const refused = toast.tone === 'refused'
  return (
    <div class="toast" data-tone={toast.tone}>
      <Icon d={refused ? alert : check} />
      <p>{toast.words()}</p>
      {toast.undo && (
        <button type="button" class="toast-undo" onClick={() => undoToast(console, toast)}>
          <Icon d={undo} />
          {t('mod.undo')}
        </button>
      )}
      <button type="button" class="toast-close" aria-label={t('word.close')} onClick={() => console.dismiss(toast.n)}>
        <Icon d={close} />
      </button>
      {!refused && <span class="fuse" />}
    </div>
  )
}

/** undoNewest takes back what the newest toast offers: Ctrl or Command and Z. */
export function undoNewest(console: Console): boolean {
  const toast = [...console.toasts.value].reverse().find((one) => one.undo)
  if (toast) undoToast(console, toast)
  return !!toast
}

function undoToast(console: Console, toast: Toast): void {
  if (toast.undo) console.undo(toast.undo, t('mod.toasts.undo', { what: toast.words() }))
}
