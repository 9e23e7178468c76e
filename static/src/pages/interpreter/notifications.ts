// Notifies an interpreter of a new request and of a changed assignment.
import { effect } from '@preact/signals-core'
import type { Session } from '../../shared/session'
import { pairName, t } from '../../shared/words'
import { say } from '../../ui/announcer'
import { announceLostCommands } from '../../ui/lost-commands'
import { takeUnnotified } from '../../ui/notified-once'
import { alarm, unlockAtFirstTouch } from '../../ui/sound'
import { keepScreenOn } from '../../ui/wake-lock'
import { commandLabel } from './command-labels'
import type { InterpreterCards } from './screen'

export function startNotifications(session: Session<InterpreterCards>): void {
  unlockAtFirstTouch()
  announceLostCommands({ session, labelOf: commandLabel })
  effect(() => keepScreenOn(session.singleCard('self')?.duty === 'on'))
  effect(() => {
    const fresh = takeUnnotified(session.key, [...session.cardsOf('notice').keys()])
    if (!fresh.length) return
    alarm()
    say(t('assignment.changed'))
  })
  effect(() => {
    // A request that its claimant released counts as new.
    const unclaimed = [...session.cardsOf('offer')].filter(([, card]) => card.state === 'requested')
    const fresh = takeUnnotified(session.key, unclaimed.map(([id, card]) => (card.escalated ? id + '!' : id)))
    const card = unclaimed.find(([id]) => fresh.includes(id) || fresh.includes(id + '!'))?.[1]
    if (!card || session.singleCard('self')?.duty !== 'on') return
    alarm()
    say(t('offers.said', { table: card.place.label, pair: pairName(card.pair) }))
  })
}
