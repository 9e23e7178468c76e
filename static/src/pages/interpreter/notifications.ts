// Telling an interpreter who is not looking: a new request, a changed assignment.
import { effect } from '@preact/signals-core'
import type { Session } from '../../shared/session'
import { say } from '../../ui/announcer'
import { keepAwake } from '../../ui/wake-lock'
import { tellLost } from '../../ui/lost-commands'
import { alarm, unlockAtFirstTouch } from '../../ui/sound'
import { firstTime } from '../../ui/notified-once'
import { pairName, t } from '../../shared/words'
import { did } from './command-labels'
import type { InterpreterCards } from './screen'

export function tell(session: Session<InterpreterCards>): void {
  unlockAtFirstTouch()
  tellLost({ session, did })
  effect(() => keepAwake(session.one('self')?.duty === 'on'))
  effect(() => {
    const fresh = firstTime(session.seat, [...session.of('notice').keys()])
    if (!fresh.length) return
    alarm()
    say(t('assignment.changed'))
  })
  effect(() => {
    // A request that comes back, because its claimant gave it up, is a new one to be told of.
    const unclaimed = [...session.of('offer')].filter(([, card]) => card.state === 'requested')
    const fresh = firstTime(session.seat, unclaimed.map(([id, card]) => (card.escalated ? id + '!' : id)))
    const card = unclaimed.find(([id]) => fresh.includes(id) || fresh.includes(id + '!'))?.[1]
    if (!card || session.one('self')?.duty !== 'on') return
    alarm()
    say(t('offers.said', { table: card.place.label, pair: pairName(card.pair) }))
  })
}
