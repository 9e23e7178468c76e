// What was done, with ten seconds to undo it; and what was refused, until it is closed.
import { t } from '../../shared/words'
import { Icon } from '../../ui/icon'
import { alertIcon, checkIcon, closeIcon, undoIcon } from '../../ui/icons'
import type { ModeratorStore, Toast } from './moderator-store'

export function Toasts({ store }: { store: ModeratorStore }) {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {store.toasts.value.map((toast) => (
        <ToastLine key={toast.n} store={store} toast={toast} />
      ))}
    </div>
  )
}

function ToastLine({ store, toast }: { store: ModeratorStore; toast: Toast }) {
  const refused = toast.tone === 'refused'
  return (
    <div class="toast" data-tone={toast.tone}>
      <Icon d={refused ? alertIcon : checkIcon} />
      <p>{toast.words()}</p>
      {toast.undo && (
        <button type="button" class="toast-undo" onClick={() => undoToast(store, toast)}>
          <Icon d={undoIcon} />
          {t('mod.undo')}
        </button>
      )}
      <button type="button" class="toast-close" aria-label={t('word.close')} onClick={() => store.dismiss(toast.n)}>
        <Icon d={closeIcon} />
      </button>
      {!refused && <span class="fuse" />}
    </div>
  )
}

/** undoNewest undoes the command of the newest toast that offers it, for Ctrl-Z and Command-Z. */
export function undoNewest(store: ModeratorStore): boolean {
  const toast = [...store.toasts.value].reverse().find((one) => one.undo)
  if (toast) undoToast(store, toast)
  return !!toast
}

function undoToast(store: ModeratorStore, toast: Toast): void {
  if (toast.undo) store.undo(toast.undo, t('mod.toasts.undo', { what: toast.words() }))
}
