// A button that acts on the second tap, within five seconds, after it has said what will happen.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { t } from '../../shared/words'
import { Icon } from '../../ui/icon'
import { alert } from '../../ui/icons'

interface Props {
  label: string
  words: string
  confirm: string
  class?: string
  onConfirm: () => void
}

export function Twice({ label, words, confirm, class: more = '', onConfirm }: Props) {
  const armed = useSignal(0)
  useEffect(() => {
    if (!armed.value) return undefined
    const timer = setTimeout(() => (armed.value = 0), 5_000)
    return () => clearTimeout(timer)
  }, [armed.value])
  const tap = () => {
    if (!armed.value) {
      armed.value = Date.now()
      return
    }
    if (Date.now() - armed.value < 350) return // a bouncing finger is no second thought
    armed.value = 0
    onConfirm()
  }
  return (
    <div class="twice">
      <div role="alert">{armed.value > 0 && <p class="twice-words"><Icon d={alert} />{words}</p>}</div>
      <div class="twice-buttons">
        <button type="button" class={`button small ${more}`} data-armed={armed.value ? '' : undefined} onClick={tap}>{armed.value ? confirm : label}</button>
        {armed.value > 0 && <button type="button" class="button small" onClick={() => (armed.value = 0)}>{t('word.cancel')}</button>}
      </div>
    </div>
  )
}
