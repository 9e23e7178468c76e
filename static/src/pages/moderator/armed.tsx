// What concerns the whole room is armed by one tap and done by a second one within five seconds.
import { t } from '../../shared/words'
import { Icon } from '../../ui/icon'
import { alert } from '../../ui/icons'
import type { Armed, Console } from './moderator-store'

interface Props extends Armed {
  console: Console
  children: string
  class?: string
}

/** ArmedButton arms its action; while it is armed, it is the button that does it. */
export function ArmedButton({ console, children, class: more = '', ...armed }: Props) {
  const on = console.armed.value?.name === armed.name
  return (
    <button type="button" class={'button small ' + more} data-armed={on ? '' : undefined} onClick={() => console.arm(armed)}>
      {on ? armed.confirm : children}
    </button>
  )
}

/** ArmedBar tells what the second tap will do, while it can be made. */
export function ArmedBar({ console }: { console: Console }) {
  const armed = console.armed.value
  return (
    <div class="armed-place" role="alert">
      {armed && (
        <div class="armed" key={armed.name}>
          <Icon d={alert} />
          <p>{armed.words}</p>
          <button type="button" class="button small danger" onClick={() => console.confirm()}>{armed.confirm}</button>
          <button type="button" class="button small" onClick={() => console.disarm()}>{t('word.cancel')}</button>
          <span class="fuse" />
        </div>
      )}
    </div>
  )
}
