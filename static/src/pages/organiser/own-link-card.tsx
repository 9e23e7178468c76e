// The organiser's own link, on the first page: its replacement, and then the new one, once.
import { t } from '../../shared/words'
import { InlineConfirmButton } from '../../ui/confirm-button'
import { Icon } from '../../ui/icon'
import { checkIcon } from '../../ui/icons'
import { LinkAddress } from './link-address'
import type { OwnLink } from './own-link'
import { ProblemBox } from './problem-box'

/** Problems after which the link may have been replaced all the same. */
const unanswered = ['unreachable', 'unavailable', 'internal']

export function OwnLinkCard({ ownLink }: { ownLink: OwnLink }) {
  const now = ownLink.replacement.value
  const replace = () => void ownLink.replace()
  return (
    <section class="org-card own-link">
      <h2>{t('org.ownLink')}</h2>
      <p class="soft small">{t('org.ownHelp')}</p>
      <div role="status">
        {now.state === 'asking' && <p class="strong">{t('org.replacing')}</p>}
        {now.state === 'done' && <p class="own-done"><Icon d={checkIcon} />{t('org.ownDone')}</p>}
      </div>
      {now.state === 'unknown' && <ProblemBox problem={now.problem} words={unanswered.includes(now.problem.code) ? t('org.ownUnknown') : undefined} again={replace} />}
      {now.state === 'done' && <LinkAddress url={now.url} name={t('org.ownLink')} />}
      {now.state === 'none' && <InlineConfirmButton words={t('org.ownWords')} confirm={t('org.rotateYes')} class="danger-line" run={replace}>{t('org.rotate')}</InlineConfirmButton>}
    </section>
  )
}
