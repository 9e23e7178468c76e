// The cards that a display holds: everyone's, and those of its zones. None names a person.
import type { AnnouncementCard, BoardCard, EventCard, ItemCard, RoundCard, SeatCard, ZoneCard } from '../../shared/cards'

export interface DisplayKinds {
  event: EventCard
  round: RoundCard
  item: ItemCard
  zone: ZoneCard
  announcement: AnnouncementCard
  seat: SeatCard
  board: BoardCard
}
