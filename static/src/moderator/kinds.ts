// The cards that the console holds: everyone's, and the moderators'.
import type {
  AnnouncementCard, AttendeeCard, CompanyCard, DisplayCard, DoneCard, EventCard, InterpreterCard, ItemCard,
  MeetingCard, NoticeCard, RequestCard, RoundCard, StaffCard, TableCard, UnseenCard, ZoneCard,
} from '../cards'

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
  unseen: UnseenCard
  done: DoneCard
}
