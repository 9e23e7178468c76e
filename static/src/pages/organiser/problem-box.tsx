// Why the server refused a request, with a button to send it again.
import type { Problem } from '../../live/frames'
import { refusal, t } from '../../shared/words'
import { Icon } from '../../ui/icon'
import { alertIcon } from '../../ui/icons'

/** ProblemBox shows a problem in its own words, or in those of the request. */
export function ProblemBox({ problem, words, again }: { problem: Problem; words?: string | undefined; again?: () => void }) {
  return (
    <div class="trouble" role="alert">
      <Icon d={alertIcon} />
      <p>{words ?? (problem.code === 'unreachable' ? t('gate.unreachable') : refusal(problem))}</p>
      {again && <button type="button" class="button small" onClick={again}>{t('org.again')}</button>}
    </div>
  )
}
// words: error.*
