// Notifies the attendee of what has just come: by sound if the phone allows it, and as one polite
// sentence for screen readers.
import { effect } from '@preact/signals-core'
import type { Session } from '../../shared/session'
import { named, t } from '../../shared/words'
import { say } from '../../ui/announcer'
import { announceLostCommands } from '../../ui/lost-commands'
import { takeUnnotified } from '../../ui/notified-once'
import { alarm, unlockAtFirstTouch } from '../../ui/sound'
import { commandLabel } from './command-labels'
import type { AttendeeCards } from './screen'

export function startNotifications(session: Session<AttendeeCards>): void {
  unlockAtFirstTouch()
  announceLostCommands({ session, labelOf: commandLabel })
  effect(() => {
    const notices = session.cardsOf('notice')
    const fresh = takeUnnotified(session.key, [...notices.keys()])
    const last = notices.get(fresh[fresh.length - 1] ?? '')
    if (!last) return
    alarm()
    const place = session.cardsOf('meeting').get(last.meeting ?? '')?.place
    if (last.kind === 'call') say(t('hero.called'))
    else if (last.kind === 'cancelled') say(t('changed.cancelled'))
    else say(t('change.said', { table: place?.label || t('change.noTable') }))
  })
  effect(() => {
    const steps = [...session.cardsOf('request')].map(([id, request]) => `${id}:${request.state}`)
    const fresh = takeUnnotified(session.key, steps)
    const [id = '', state = ''] = (fresh[fresh.length - 1] ?? '').split(':')
    const request = session.cardsOf('request').get(id)
    if (!request || state === 'requested') return
    if (state === 'arrived') alarm()
    say(t(`asked.${request.state}`, { who: named(request.interpreter).text }))
  })
}
