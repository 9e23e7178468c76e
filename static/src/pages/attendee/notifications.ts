// Telling the attendee what has just come: aloud where the phone can, and as one
// polite sentence for screen readers.
import { effect } from '@preact/signals-core'
import type { Session } from '../../shared/session'
import { say } from '../../ui/announcer'
import { tellLost } from '../../ui/lost-commands'
import { alarm, unlockAtFirstTouch } from '../../ui/sound'
import { firstTime } from '../../ui/notified-once'
import { named, t } from '../../shared/words'
import { did } from './command-labels'
import type { AttendeeCards } from './screen'

export function tell(session: Session<AttendeeCards>): void {
  unlockAtFirstTouch()
  tellLost({ session, did })
  effect(() => {
    const notices = session.of('notice')
    const fresh = firstTime(session.seat, [...notices.keys()])
    const last = notices.get(fresh[fresh.length - 1] ?? '')
    if (!last) return
    alarm()
    const place = session.of('meeting').get(last.meeting ?? '')?.place
    if (last.kind === 'call') say(t('hero.called'))
    else if (last.kind === 'cancelled') say(t('changed.cancelled'))
    else say(t('change.said', { table: place?.label || t('change.noTable') }))
  })
  effect(() => {
    const steps = [...session.of('request')].map(([id, request]) => `${id}:${request.state}`)
    const fresh = firstTime(session.seat, steps)
    const [id = '', state = ''] = (fresh[fresh.length - 1] ?? '').split(':')
    const request = session.of('request').get(id)
    if (!request || state === 'requested') return
    if (state === 'arrived') alarm()
    say(t(`asked.${request.state}`, { who: named(request.interpreter).text }))
  })
}
