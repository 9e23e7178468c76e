// What a page shows while nobody is signed in.
import { t } from '../shared/words'
import { Icon } from './icon'
import { alertIcon, clockIcon, lockIcon, offlineIcon } from './icons'
import { LanguageSwitch } from './language'

export type SignedOutStatus =
  | { state: 'signingIn' | 'unreachable' | 'noLink' | 'signedOut' | 'noEvent' | 'broken' | 'reload' }
  | { state: 'refused'; code: string }

/** The icon above the words, and the key of the advice below them. */
const appearance: Record<SignedOutStatus['state'], [icon: string, advice?: string]> = {
  signingIn: [clockIcon],
  unreachable: [offlineIcon, 'gates.retrying'],
  noLink: [lockIcon, 'gates.openLink'],
  refused: [lockIcon, 'gates.openLink'],
  signedOut: [lockIcon, 'gates.openLink'],
  noEvent: [alertIcon],
  broken: [alertIcon],
  reload: [clockIcon],
}

export function SignedOut({ status }: { status: SignedOutStatus }) {
  const [icon, advice] = appearance[status.state]
  return (
    <main class="column gate">
      <Icon d={icon} />
      <div role="status"><h1>{t(`gate.${status.state}`)}</h1></div>
      {advice && <p class="soft">{t(advice)}</p>}
      {status.state === 'refused' && <p class="soft small">{status.code}</p>}
      {status.state === 'broken' && (
        <button type="button" class="button" onClick={() => location.reload()}>{t('gates.again')}</button>
      )}
      <LanguageSwitch />
    </main>
  )
}
