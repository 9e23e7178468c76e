// Duty. Starting a shift also unlocks the sound and keeps the screen on.
import { idOf } from '../../live/frames'
import type { Duty, Span } from '../../shared/cards'
import type { Session } from '../../shared/session'
import { dayName, sameDay, spanOf, t } from '../../shared/words'
import { unlockSound } from '../../ui/sound'
import { keepScreenOn } from '../../ui/wake-lock'
import { type InterpreterCards, isPending, type Screen, sendingLabel } from './screen'

interface Props {
  session: Session<InterpreterCards>
  screen: Screen
}

function setDuty(session: Session<InterpreterCards>, duty: Duty): void {
  unlockSound()
  keepScreenOn(duty === 'on')
  session.send('setDuty', { interpreter: idOf(session.you.value?.who ?? ''), duty }, { within: 10 * 60_000 })
}

const changing = ({ session }: Props) => isPending(session.sent.value, ['setDuty'], 'interpreter', idOf(session.you.value?.who ?? ''))

/** shiftsOn returns today's shifts, or if there is none all of them with their days. */
function shiftsOn(shifts: Span[], now: number): string[] {
  const today = shifts.filter((shift) => sameDay(shift.start, now))
  return today.length ? today.map(spanOf) : shifts.map((shift) => `${dayName(shift.start)} ${spanOf(shift)}`)
}

export function StartShift(props: Props) {
  const busy = changing(props)
  const shifts = shiftsOn(props.session.singleCard('self')?.shifts ?? [], props.session.now.value)
  return (
    <section class="card start">
      <p>{t('duty.offWords')}</p>
      {shifts.length > 0 && <p class="soft">{t('duty.shift')} {shifts.join(', ')}</p>}
      <button type="button" class="button go big" aria-disabled={busy} onClick={() => busy || setDuty(props.session, 'on')}>
        {t(busy ? sendingLabel(props.session) : 'duty.start')}
      </button>
    </section>
  )
}

/**
 * DutySwitch offers on duty and break as a choice; busy cannot be chosen and replaces the words of
 * "on duty".
 */
export function DutySwitch(props: Props) {
  const { session, screen } = props
  const busy = changing(props)
  const choice = (duty: Duty, words: string) => (
    <button type="button" aria-pressed={screen.duty === duty} aria-disabled={busy} onClick={() => busy || screen.duty === duty || setDuty(session, duty)}>
      {words}
    </button>
  )
  return (
    <div class="segments" role="group" aria-label={t('duty.label')} aria-busy={busy}>
      {choice('on', t(screen.busy ? 'duty.busy' : 'duty.on'))}
      {choice('break', t('duty.break'))}
    </div>
  )
}

export function EndShift(props: Props) {
  const busy = changing(props)
  return (
    <button type="button" class="button small plain" aria-disabled={busy} onClick={() => busy || setDuty(props.session, 'off')}>
      {t('duty.end')}
    </button>
  )
}
