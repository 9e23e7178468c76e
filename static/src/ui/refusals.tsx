// Commands that the server refused: shown until they are dismissed.
import type { Sent, Session } from '../shared/session'
import { refusal, t } from '../shared/words'
import { Icon } from './icon'
import { alertIcon, closeIcon } from './icons'

interface Props<K> {
  session: Session<K>
  /** Names for the parameters of a refusal that are only ids. */
  params?: (sent: Sent) => Record<string, string>
}

// words: error.other
export function Refusals<K>({ session, params }: Props<K>) {
  return (
    <>
      {session.sent.value.map((sent) =>
        sent.progress.state === 'rejected' ? (
          <section key={sent.id} class="card strip refused" role="status">
            <Icon d={alertIcon} />
            <p>{refusal({ ...sent.progress.refusal, params: { ...sent.progress.refusal.params, ...params?.(sent) } })}</p>
            <button type="button" class="button small plain" aria-label={t('word.close')} onClick={() => session.dismiss(sent.id)}>
              <Icon d={closeIcon} />
            </button>
          </section>
        ) : null,
      )}
    </>
  )
}
