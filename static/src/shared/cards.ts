// Written by static/build from floor/*.go: change it there.

/** AcknowledgeNotices says that the sender has read notices ("Got it"). */
export interface AcknowledgeNotices {
  notices: NoticeID[]
}

/** ActorID identifies a person, a screen or the clock: "<role>:<id>", for example "attendee:k03a". No personal name is in it. */
export type ActorID = string

/** Announce shows everyone a text for Minutes (default 15). */
export interface Announce {
  text: Text
  minutes?: number
}

/** AnnouncementCard is announcement/<announcement>, for everyone. */
export interface AnnouncementCard {
  text: Text
  at: Instant
  until: Instant
}

/** The ids of things. Each is 1 to 40 characters of [A-Za-z0-9_-], the same in the workbook, the log, on the wire and in the API. */
export type AnnouncementID = string

/** AssignmentCard is assignment/<meeting>, for the interpreter who is assigned to it. */
export interface AssignmentCard {
  place: PlaceCard
  host: Text
  guest: Text
  pair: Pair
  cancelled?: boolean
}

/** AttendeeCard is attendee/<attendee>, for moderators. */
export interface AttendeeCard {
  company: CompanyID
  name: Text
  title?: string
  checkedIn?: Instant
}

/** The ids of things. Each is 1 to 40 characters of [A-Za-z0-9_-], the same in the workbook, the log, on the wire and in the API. */
export type AttendeeID = string

/** AttendeeSelfCard is me/<attendee>, for that attendee. */
export interface AttendeeSelfCard {
  name: Text
  company: CompanyID
  companyName: Text
  checkedIn?: Instant
}

/** BoardCard is board/<zone>:<table>, for the displays of a zone: a table in it. */
export interface BoardCard {
  label: string
  closed?: boolean
}

/** CallSlot asks everyone who has a meeting in a round to come to the table, or everyone into an item. */
export interface CallSlot extends SlotRef {
  last?: boolean
}

/** CancelMeeting takes a meeting out of the schedule. */
export interface CancelMeeting {
  meeting: MeetingID
  reason?: string
}

/** CancelRequest ends a request that is no longer wanted. */
export interface CancelRequest {
  request: RequestID
}

/** Card is one entry of a view, of one of the types below. A card is replaced as a whole, never merged, and does not have the revision of what it shows. */
export type Card = any

/** CheckIn says that an attendee has arrived at the event. */
export interface CheckIn {
  attendee: AttendeeID
}

/** ClaimRequest takes a request for Interpreter, by default the sender; staff may name another. */
export interface ClaimRequest {
  request: RequestID
  interpreter?: InterpreterID
}

/** ClockCard is clock/clock, for everyone: the relation of event time to wall time. */
export interface ClockCard extends EventClock {
}

/** CloseTable prevents further meetings from being put at a table. */
export interface CloseTable {
  table: TableID
  reason?: string
}

/** Code identifies the reason of an error. The catalogs have a sentence for it, in three languages, under "error.<code>", with the parameters as placeholders. */
export type Code = 'forbidden' | 'other_zone' | 'unknown' | 'bad_value' | 'stale' | 'too_late' | 'after_missing' | 'too_old' | 'released' | 'not_released' | 'already' | 'slot_order' | 'round_closed' | 'locked' | 'table_taken' | 'table_closed' | 'table_small' | 'person_busy' | 'interpreter_busy' | 'cancelled' | 'no_place' | 'off_duty' | 'off_shift' | 'wrong_pair' | 'missing_skill' | 'claimed' | 'request_open' | 'not_yours' | 'nothing_to_undo' | 'undone' | 'undo_depends' | 'nothing_changes' | 'too_many' | 'needs_upgrade' | 'met_before' | 'no_rest' | 'far_table' | 'no_interpreter'

/** CommandKey identifies a command across retries: the id of the link that gave it, a slash, and the id that the sender gave the command. */
export type CommandKey = string

/** CommandKind is the name of a kind of command on the wire and in the table of rights. */
export type CommandKind = string

/** CompanyCard is company/<company>, for moderators. */
export interface CompanyCard {
  name: Text
  country: string
  homeTable?: TableID
  standby?: boolean
}

/** The ids of things. Each is 1 to 40 characters of [A-Za-z0-9_-], the same in the workbook, the log, on the wire and in the API. */
export type CompanyID = string

/** DeliveryCard is sent/<notice>, for moderators: the people to whom it has not been delivered. There is no such card once it was delivered to a screen of everyone it is for. */
export interface DeliveryCard {
  count: number
  who?: ActorID[]
}

/** DismissLost removes lost commands from the screens of those who were notified. */
export interface DismissLost {
  lost: LostID[]
}

/** DisplayCard is display/<display>, for moderators. */
export interface DisplayCard {
  name: string
  zones: ZoneID[]
  languages: Lang[]
}

/** Duty is whether an interpreter is working. */
export type Duty = 'off' | 'on' | 'break'

/** EndSlot ends a running slot now. */
export interface EndSlot extends SlotRef {
}

/** EventCard is event/<event>, for everyone. */
export interface EventCard {
  name: Text
  timeZone: string
  place?: Text
  graceMin: number
  version: number
  releasedAt?: Instant
}

/** EventClock maps wall time to the event's own time: at the wall time Wall it was Event there, and since then it runs at Rate. The zero value is the wall clock itself. Demos and rehearsals set another clock to play a day at another time or speed. */
export interface EventClock {
  wall: Instant
  event: Instant
  rate: number
}

/** ExtendSlot makes a slot longer by Minutes, or shorter if negative; the slots after it move along. */
export interface ExtendSlot extends SlotRef {
  minutes: number
}

/** HistoryCard is done/<sequence>, for moderators: one of the last commands, newest by sequence. */
export interface HistoryCard {
  command: CommandKey
  kind: CommandKind
  by: ActorID
  at: Instant
  of: string[]
  undo: boolean
}

/** Instant is a time in milliseconds since 1970-01-01 UTC. Zero means "none". */
export type Instant = number

/** InterpreterCard is interpreter/<interpreter>, for moderators. */
export interface InterpreterCard {
  name: Text
  pairs: Pair[]
  skills?: string[]
  shifts?: Span[]
  floater?: boolean
  duty: Duty
}

/** The ids of things. Each is 1 to 40 characters of [A-Za-z0-9_-], the same in the workbook, the log, on the wire and in the API. */
export type InterpreterID = string

/** InterpreterSelfCard is self/<interpreter>, for that interpreter. */
export interface InterpreterSelfCard {
  name: Text
  pairs: Pair[]
  skills?: string[]
  shifts?: Span[]
  duty: Duty
}

/** ItemCard is item/<item>, for everyone. */
export interface ItemCard extends SlotCard {
  kind: ItemKind
  name: Text
  place?: Text
}

/** The ids of things. Each is 1 to 40 characters of [A-Za-z0-9_-], the same in the workbook, the log, on the wire and in the API. */
export type ItemID = string

/** ItemKind is the kind of an agenda item. */
export type ItemKind = 'talk' | 'matching' | 'break' | 'visit'

/** Lang is a language code: two or three lower-case letters, as in ISO 639. */
export type Lang = string

/** The ids of things. Each is 1 to 40 characters of [A-Za-z0-9_-], the same in the workbook, the log, on the wire and in the API. */
export type LinkID = string

/** LockMeeting fixes a meeting to its place, or releases it. */
export interface LockMeeting {
  meeting: MeetingID
  locked: boolean
}

/** LostCard is lost/<lost>, for moderators, and for the attendee or interpreter whose command it was: a command that was accepted but is no longer in the log, until somebody dismisses it. */
export interface LostCard {
  command: CommandKey
  kind: CommandKind
  by: ActorID
  wall: Instant
  of?: string[]
}

/** LostID is the id of a lost command in the state that reports it. */
export type LostID = string

/** MarkInterpreterArrived says that the claimant is at the table. */
export interface MarkInterpreterArrived {
  request: RequestID
}

/** MarkInterpreterDeparted says that the claimant is on the way. */
export interface MarkInterpreterDeparted {
  request: RequestID
}

/** MarkNoShow says that one side of a meeting has not come. */
export interface MarkNoShow {
  meeting: MeetingID
  side: Side
}

/** MarkPresent says that one side of a meeting sits at its table. */
export interface MarkPresent {
  meeting: MeetingID
  side: Side
}

/** MarkTold says that people were told in person what a notice says. The notice still waits for them to acknowledge it. */
export interface MarkTold {
  notice: NoticeID
  who: ActorID[]
}

/** MeetingCard is meeting/<meeting>, for moderators. */
export interface MeetingCard {
  place: Place
  host: Party
  guest: Party
  pair?: Pair
  interpreter?: InterpreterID
  locked?: boolean
  cancelled?: boolean
  reason?: string
}

/** The ids of things. Each is 1 to 40 characters of [A-Za-z0-9_-], the same in the workbook, the log, on the wire and in the API. */
export type MeetingID = string

/** MoveMeeting moves a meeting to another table, another round, or both; what is omitted stays. Tray takes it off its place instead. */
export interface MoveMeeting {
  meeting: MeetingID
  table?: TableID
  round?: RoundID
  tray?: boolean
  override?: boolean
  withoutInterpreter?: boolean
}

/** NoticeCard is notice/<notice>, for moderators: how many of those it is for have seen it. */
export interface NoticeCard {
  kind: NoticeKind
  round?: RoundID
  meeting?: MeetingID
  from?: Place
  to?: Place
  at: Instant
  last?: boolean
  for: number
  seen: number
}

/** The ids of things. Each is 1 to 40 characters of [A-Za-z0-9_-], the same in the workbook, the log, on the wire and in the API. */
export type NoticeID = string

/** NoticeKind is the reason of a notice. */
export type NoticeKind = 'call' | 'moved' | 'cancelled'

/** OfferCard is offer/<request>, for every interpreter on duty who speaks its pair and has its skill, until someone has arrived; and for its claimant until it ends. */
export interface OfferCard {
  place: PlaceCard
  host: Text
  guest: Text
  pair: Pair
  skill?: string
  state: RequestState
  mine?: boolean
  claimant?: Text
  at: Instant
  escalated?: boolean
}

/** OpenTable makes a closed table usable again. */
export interface OpenTable {
  table: TableID
}

/** OwnMeetingCard is meeting/<meeting>, for an attendee of it. */
export interface OwnMeetingCard {
  place: PlaceCard
  side: Side
  partner: Text
  country: string
  people: Representative[]
  pair?: Pair
  interpreter?: Text
  mine: Presence
  theirs: Presence
  cancelled?: boolean
}

/** OwnNoticeCard is notice/<notice>, for each person it is for, until seen or expired. */
export interface OwnNoticeCard {
  kind: NoticeKind
  round?: RoundID
  meeting?: MeetingID
  from?: PlaceCard
  to?: PlaceCard
  at: Instant
  last?: boolean
  undo?: boolean
}

/** OwnRequestCard is request/<request>, for the attendees of its meeting while it is open. */
export interface OwnRequestCard {
  meeting: MeetingID
  pair: Pair
  skill?: string
  state: RequestState
  line?: number
  interpreter?: Text
  at: Instant
}

/** Pair is a pair of languages that an interpreter works between. Its text form is "ko-zh": the two are in alphabetical order, so that a pair equals its reverse. */
export type Pair = string

/** Party is one side of a meeting. */
export interface Party {
  company: CompanyID
  people: AttendeeID[]
  presence: Presence
  graceEnd?: boolean
}

/** Place is a round and a table. The zero Place is the tray: the meeting has no place. */
export interface Place {
  round?: RoundID
  table?: TableID
}

/** PlaceCard is a round and a table, with the label that the table's sign shows. */
export interface PlaceCard {
  round?: RoundID
  table?: TableID
  label?: string
  zone?: ZoneID
}

/** Presence is whether a side is at its table. */
export type Presence = 'expected' | 'present' | 'noShow'

/** ReleaseRequest ends a request that was served; before arrival, it gives the request back to the others. */
export interface ReleaseRequest {
  request: RequestID
}

/** ReleaseSchedule publishes the schedule to everyone. */
export interface ReleaseSchedule {
}

/** Representative is a person of a meeting's other side. */
export interface Representative {
  name: Text
  title?: string
}

/** RequestCard is request/<request>, for moderators, while it is open. */
export interface RequestCard {
  meeting: MeetingID
  pair: Pair
  skill?: string
  state: RequestState
  interpreter?: InterpreterID
  at: Instant
  claimedAt?: Instant
  arrivedAt?: Instant
  escalated?: boolean
  canTake: number
}

/** The ids of things. Each is 1 to 40 characters of [A-Za-z0-9_-], the same in the workbook, the log, on the wire and in the API. */
export type RequestID = string

/** RequestInterpreter asks for an interpreter at a meeting; Pair defaults to the meeting's own. */
export interface RequestInterpreter {
  meeting: MeetingID
  pair?: Pair
  skill?: string
}

/** RequestState is how far an interpreter request has come. */
export type RequestState = 'requested' | 'claimed' | 'onTheWay' | 'arrived' | 'released' | 'cancelled'

/** Role is what a person or screen is on the floor. */
export type Role = 'organiser' | 'moderator' | 'runner' | 'interpreter' | 'attendee' | 'display' | 'clock' | 'operator'

/** RotateLink makes a link's secret invalid and derives a new one. */
export interface RotateLink {
  link: LinkID
}

/** RoundCard is round/<round>, for everyone. */
export interface RoundCard extends SlotCard {
  no: number
  left?: number
}

/** The ids of things. Each is 1 to 40 characters of [A-Za-z0-9_-], the same in the workbook, the log, on the wire and in the API. */
export type RoundID = string

/** SeatCard is seat/<zone>:<meeting>, for the displays of a zone. It names no person. */
export interface SeatCard {
  round: RoundID
  table: TableID
  label: string
  host: Text
  guest: Text
  interpreted?: boolean
  movedAt?: Instant
  cancelled?: boolean
}

/** SetClock sets the event's clock: it shows Event now, and runs at Rate. */
export interface SetClock {
  event: Instant
  rate: number
}

/** SetDuty puts an interpreter on or off duty, or on a break. */
export interface SetDuty {
  interpreter: InterpreterID
  duty: Duty
}

/** Side is one of a meeting's two companies. */
export type Side = 'host' | 'guest'

/** SlotCard has the fields that rounds and items have in common. */
export interface SlotCard {
  plan: Span
  now: Span
  state: SlotState
}

/** SlotRef names a round or an agenda item: exactly one of the two. */
export interface SlotRef {
  round?: RoundID
  item?: ItemID
}

/** SlotState is how far a round or an agenda item has come. */
export type SlotState = 'planned' | 'called' | 'calledLast' | 'running' | 'ended'

/** Span is the time from Start up to, not including, End. */
export interface Span {
  start: Instant
  end: Instant
}

/** StaffCard is staff/<staff>, for moderators. */
export interface StaffCard {
  name: Text
  role: Role
  lead?: boolean
  zones?: ZoneID[]
}

/** StartSlot begins a slot now. */
export interface StartSlot extends SlotRef {
}

/** SwapMeetings exchanges the places of two meetings. */
export interface SwapMeetings {
  a: MeetingID
  b: MeetingID
}

/** TableCard is table/<table>, for moderators. */
export interface TableCard {
  label: string
  zone: ZoneID
  capacity: number
  home?: CompanyID
  closed?: boolean
  reason?: string
}

/** The ids of things. Each is 1 to 40 characters of [A-Za-z0-9_-], the same in the workbook, the log, on the wire and in the API. */
export type TableID = string

/** Text is a name or a sentence in up to three languages, at least one. */
export interface Text {
  ko?: string
  zh?: string
  en?: string
}

/** Undo makes the changes that reverse those of an earlier command. */
export interface Undo {
  command: CommandKey
}

/** UnseenCard is unseen/<notice>:<role>:<id>, for moderators: one person who has not acknowledged it. */
export interface UnseenCard {
  notice: NoticeID
  who: ActorID
  toldBy?: ActorID
}

/** WithdrawAnnouncement removes an announcement. */
export interface WithdrawAnnouncement {
  announcement: AnnouncementID
}

/** ZoneCard is zone/<zone>, for everyone. */
export interface ZoneCard {
  name: Text
}

/** The ids of things. Each is 1 to 40 characters of [A-Za-z0-9_-], the same in the workbook, the log, on the wire and in the API. */
export type ZoneID = string

/** The commands that pages give, by their name on the wire. */
export interface Commands {
  release: ReleaseSchedule
  setClock: SetClock
  rotateLink: RotateLink
  announce: Announce
  withdraw: WithdrawAnnouncement
  undo: Undo
  call: CallSlot
  start: StartSlot
  extend: ExtendSlot
  end: EndSlot
  moveMeeting: MoveMeeting
  swapMeetings: SwapMeetings
  cancelMeeting: CancelMeeting
  lockMeeting: LockMeeting
  closeTable: CloseTable
  openTable: OpenTable
  checkIn: CheckIn
  markPresent: MarkPresent
  markNoShow: MarkNoShow
  markTold: MarkTold
  dismissLost: DismissLost
  seen: AcknowledgeNotices
  setDuty: SetDuty
  requestInterpreter: RequestInterpreter
  claimRequest: ClaimRequest
  setOut: MarkInterpreterDeparted
  arrive: MarkInterpreterArrived
  releaseRequest: ReleaseRequest
  cancelRequest: CancelRequest
}
