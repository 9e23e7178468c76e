// A change of a meeting that is not the next one: it is shown above, and the next meeting stays.
import type { Session } from '../../shared/session'
import { hhmm, t } from '../../shared/words'
import { Chip } from '../../ui/chip'
import { Icon } from '../../ui/icon'
import { alertIcon, arrowIcon, closeIcon } from '../../ui/icons'
import { CompanyName, ScreenReaderText } from '../../ui/names'
import type { AttendeeCards, Change } from './screen'

export function ChangedMeeting({ session, change, first }: { session: Session<AttendeeCards>; change: Change; first: boolean }) {
  const { card, round } = change.meeting
  const cancelled = change.kind === 'cancelled'
  const { label } = card.place
  const old = cancelled ? label : change.from.label
  const before = session.cardsOf('round').get(change.from.round ?? '')
  return (
    <section class={'card hero ' + (cancelled ? 'missed' : 'changed')}>
      <div class="ends">
        <Chip tone={cancelled ? 'red' : 'amber'} icon={cancelled ? closeIcon : alertIcon}>{t(`changed.${change.kind}`)}</Chip>
        <span class="soft">
          {before && before !== round && <><s>{hhmm(before.now.start)}</s> </>}
          {round && `${hhmm(round.now.start)} · ${t('word.round', { no: round.no })}`}
        </span>
      </div>
      <div class="ends">
        <CompanyName name={card.partner} country={card.country} />
        <p class="place compact">
          {old && (cancelled || old !== label) && <s><ScreenReaderText>{t('change.before')}</ScreenReaderText>{old}</s>}
          {!cancelled && <><Icon d={arrowIcon} /><b>{label || t('change.noTable')}</b></>}
        </p>
      </div>
      <button
        type="button"
        class={'button ' + (first ? 'filled' : 'small')}
        onClick={() => session.send('seen', { notices: change.notices }, { checked: false })}
      >
        {t('word.gotIt')}
      </button>
    </section>
  )
}
