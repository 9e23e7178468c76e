// Commands that were accepted and then lost, because the store went back to an older state and
// others wrote on from there. Each is shown until the person who gave it has acknowledged it.
import type { LostCard } from '../../shared/cards'
import { hhmm, t } from '../../shared/words'
import { maxLines, Section } from './attention'
import { doneWords, namesOf, person } from './describe'
import type { ModeratorStore } from './moderator-store'

/** lostInOrder returns the lost commands, the reader's own first, then in the order they were given. */
function lostInOrder(cards: ReadonlyMap<string, LostCard>, own: string | undefined): [id: string, card: LostCard][] {
  const others = (card: LostCard): number => (card.by === own ? 0 : 1)
  return [...cards].sort(([a, x], [b, y]) => others(x) - others(y) || x.wall - y.wall || (a < b ? -1 : 1))
}

export function LostCommands({ store }: { store: ModeratorStore }) {
  const { session } = store
  const names = namesOf(store)
  const rights = store.rights.value
  const all = lostInOrder(session.cardsOf('lost'), session.you.value?.who)
  if (all.length === 0) return null
  const mine = all.filter(([, card]) => rights.mayDismiss(card.by))
  const dismiss = (ids: string[]) => store.send('dismissLost', { lost: ids.slice(0, 100) }, t('mod.lost'))
  return (
    <Section title={t('mod.lost')} count={all.length} tone="amber">
      <p class="small">{t('mod.lostWhy')}</p>
      <ul class="lines">
        {all.slice(0, maxLines).map(([id, card]) => (
          <li key={id} class="line">
            <div class="line-wide">
              <p>{doneWords(names, card)}</p>
              <p class="small soft">{hhmm(card.wall)} · {person(names, card.by)}</p>
            </div>
            {rights.mayDismiss(card.by) && (
              <button type="button" class="button small" onClick={() => dismiss([id])}>{t('word.gotIt')}</button>
            )}
          </li>
        ))}
      </ul>
      {all.length > maxLines && <p class="soft small">{t('mod.andMore', { n: all.length - maxLines })}</p>}
      {mine.length > 1 && (
        <button type="button" class="button small" onClick={() => dismiss(mine.map(([id]) => id))}>{t('mod.lostAll', { n: Math.min(mine.length, 100) })}</button>
      )}
    </Section>
  )
}
