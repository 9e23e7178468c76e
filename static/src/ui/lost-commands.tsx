// Commands of the reader that were accepted and then lost: shown until they are acknowledged. The
// moderators see the same in pages/moderator/lost-commands.tsx.
import { effect } from '@preact/signals-core'
import type { LostCard } from '../shared/cards'
import type { Sent, Session } from '../shared/session'
import { hhmm, t } from '../shared/words'
import { say } from './announcer'
import { takeUnnotified } from './notified-once'

/** CommandLabel returns the label of a kind of command on the page that gives it. */
export type CommandLabel = (kind: string) => string

interface Props {
  session: Session<{ lost: LostCard }>
  labelOf: CommandLabel
}

/**
 * unacknowledged returns the lost commands that the reader has not acknowledged, in the order they
 * were given.
 */
export function unacknowledged(cards: ReadonlyMap<string, LostCard>, sent: readonly Sent[]): [id: string, card: LostCard][] {
  const dismissed = (id: string) =>
    sent.some((s) => s.name === 'dismissLost' && s.progress.state !== 'rejected' && (s.body as { lost: string[] }).lost.includes(id))
  return [...cards].filter(([id]) => !dismissed(id)).sort(([, a], [, b]) => a.wall - b.wall)
}

const words = (card: LostCard, labelOf: CommandLabel) => t('word.lost', { time: hhmm(card.wall), what: labelOf(card.kind) })

export function LostCommands({ session, labelOf }: Props) {
  return (
    <>
      {unacknowledged(session.cardsOf('lost'), session.sent.value).map(([id, card]) => (
        <section key={id} class="card hero missed">
          <p>{words(card, labelOf)}</p>
          <button type="button" class="button small" onClick={() => session.send('dismissLost', { lost: [id] }, { checked: false })}>
            {t('word.gotIt')}
          </button>
        </section>
      ))}
    </>
  )
}

/** announceLostCommands says each lost command once to screen readers. */
export function announceLostCommands({ session, labelOf }: Props): void {
  effect(() => {
    const lost = session.cardsOf('lost')
    const fresh = takeUnnotified(session.key, [...lost.keys()])
    const last = lost.get(fresh[fresh.length - 1] ?? '')
    if (last) say(words(last, labelOf))
  })
}
