// What a page shows while, or where, nobody is signed in.
import { t } from '../shared/words'
import { Icon } from './icon'
import { LanguageSwitch } from './language'
import { alert, clock, lock, offline } from './icons'

export type GateState =
  | { state: 'signingIn' | 'unreachable' | 'noLink' | 'signedOut' | 'noEvent' | 'broken' | 'reload' }
  | { state: 'refused'; code: string }

/** What stands above the words, and what advice below them. */
const looks: Record<GateState['state'], [icon: string, advice?: string]> = {
  signingIn: [clock],
  unreachable: [offline, 'gates.retrying'],
  noLink: [lock, 'gates.openLink'],
  refused: [lock, 'gates.openLink'],
  signedOut: [lock, 'gates.openLink'],
  noEvent: [alert],
  broken: [alert],
  reload: [clock],
}

export function Gate({ gate }: { gate: GateState }) {
  const [icon, advice] = looks[gate.state]
  return (
    <main class="column gate">
      <Icon d={icon} />
      <div role="status"><h1>{t(`gate.${gate.state}`)}</h1></div>
      {advice && <p class="soft">{t(advice)}</p>}
      {gate.state === 'refused' && <p class="soft small">{gate.code}</p>}
      {gate.state === 'broken' && (
        <button type="button" class="button" onClick={() => location.reload()}>{t('gates.again')}</button>
      )}
      <LanguageSwitch />
    </main>
  )
}
