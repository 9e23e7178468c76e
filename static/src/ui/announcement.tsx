import type { AnnouncementCard } from '../shared/cards'
import { hhmm, t } from '../shared/words'
import { Icon } from './icon'
import { hornIcon } from './icons'
import { Name } from './names'

/** Announcement shows an announcement until it is withdrawn or expires. */
export function Announcement({ card }: { card: AnnouncementCard }) {
  return (
    <section class="card strip" aria-label={t('word.announcement')}>
      <Icon d={hornIcon} />
      <p><Name of={card.text} /></p>
      <span class="soft small">{hhmm(card.at)}</span>
    </section>
  )
}
