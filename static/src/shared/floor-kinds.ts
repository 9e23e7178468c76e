// The cards that moderators and organisers hold: everyone's, and the moderators'.
import type {
  AnnouncementCard, AttendeeCard, CompanyCard, DisplayCard, HistoryCard, EventCard, InterpreterCard, ItemCard, LostCard,
  MeetingCard, NoticeCard, RequestCard, RoundCard, DeliveryCard, StaffCard, TableCard, UnseenCard, ZoneCard,
} from './cards'

export interface FloorKinds {
  event: EventCard
  round: RoundCard
  item: ItemCard
  zone: ZoneCard
  announcement: AnnouncementCard
  company: CompanyCard
  attendee: AttendeeCard
  interpreter: InterpreterCard
  staff: StaffCard
  display: DisplayCard
  table: TableCard
  meeting: MeetingCard
  request: RequestCard
  notice: NoticeCard
  sent: DeliveryCard
  unseen: UnseenCard
  done: HistoryCard
  lost: LostCard
}
