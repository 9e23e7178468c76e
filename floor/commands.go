package floor

// Command is what a person, or the clock, asks for. Its types are below and in delivery.go,
// exports.go, lost_commands.go and version.go; KindOf returns the name of one.
type Command interface {
	decide(*decision) *Error
}

// CommandKind is the name of a kind of command on the wire and in the table of rights.
type CommandKind string

// Envelope is a command with its sender and the conditions under which it may be applied.
type Envelope struct {
	Key           CommandKey
	By            ActorID
	BaseSeq       uint64       // the sequence number that the sender's screen showed; 0 if Unconditional
	Unconditional bool         // there is no base, so that nothing is stale (clock, import, programs)
	DependsOn     []CommandKey // earlier commands of the same outbox: their changes make nothing stale, and they must be in the log
	NotAfter      Instant      // wall time after which the command must not be applied; 0: none
	ReceivedAt    Instant      // the node's wall time, corrected by the journal's clock
	Version       int          // of the log, if this is its first command; 0: FormatVersion
	Command       Command
}

// SlotRef names a round or an agenda item: exactly one of the two.
type SlotRef struct {
	Round RoundID `json:"round,omitzero"`
	Item  ItemID  `json:"item,omitzero"`
}

// The commands about the event as a whole.
type (
	// ImportForum sets the whole floor. It is refused after the first release.
	ImportForum struct {
		Forum Forum `json:"forum"`
	}
	// ReleaseSchedule publishes the schedule to everyone.
	ReleaseSchedule struct{}
	// SetClock sets the event's clock: it shows Event now, and runs at Rate.
	SetClock struct {
		Event Instant `json:"event"`
		Rate  int     `json:"rate"`
	}
	// RotateLink makes a link's secret invalid and derives a new one.
	RotateLink struct {
		Link LinkID `json:"link"`
	}
	// Announce shows everyone a text for Minutes (default 15).
	Announce struct {
		Text    Text `json:"text"`
		Minutes int  `json:"minutes,omitzero"`
	}
	// WithdrawAnnouncement removes an announcement.
	WithdrawAnnouncement struct {
		Announcement AnnouncementID `json:"announcement"`
	}
	// Undo makes the changes that reverse those of an earlier command.
	Undo struct {
		Command CommandKey `json:"command"`
	}
)

// The commands about rounds and agenda items.
type (
	// CallSlot asks everyone who has a meeting in a round to come to the table, or everyone into an item.
	CallSlot struct {
		SlotRef
		Last bool `json:"last,omitzero"`
	}
	// StartSlot begins a slot now.
	StartSlot struct{ SlotRef }
	// ExtendSlot makes a slot longer by Minutes, or shorter if negative; the slots after it move along.
	ExtendSlot struct {
		SlotRef
		Minutes int `json:"minutes"`
	}
	// EndSlot ends a running slot now.
	EndSlot struct{ SlotRef }
)

// The commands about meetings and tables.
type (
	// MoveMeeting moves a meeting to another table, another round, or both; what is omitted stays. Tray
	// takes it off its place instead.
	MoveMeeting struct {
		Meeting  MeetingID `json:"meeting"`
		Table    TableID   `json:"table,omitzero"`
		Round    RoundID   `json:"round,omitzero"`
		Tray     bool      `json:"tray,omitzero"`
		Override bool      `json:"override,omitzero"` // also if the meeting is locked
		// WithoutInterpreter gives up the assigned interpreter if they have another meeting in that round.
		WithoutInterpreter bool `json:"withoutInterpreter,omitzero"`
	}
	// SwapMeetings exchanges the places of two meetings.
	SwapMeetings struct {
		A MeetingID `json:"a"`
		B MeetingID `json:"b"`
	}
	// CancelMeeting takes a meeting out of the schedule.
	CancelMeeting struct {
		Meeting MeetingID `json:"meeting"`
		Reason  string    `json:"reason,omitzero"`
	}
	// LockMeeting fixes a meeting to its place, or releases it.
	LockMeeting struct {
		Meeting MeetingID `json:"meeting"`
		Locked  bool      `json:"locked"`
	}
	// CloseTable prevents further meetings from being put at a table.
	CloseTable struct {
		Table  TableID `json:"table"`
		Reason string  `json:"reason,omitzero"`
	}
	// OpenTable makes a closed table usable again.
	OpenTable struct {
		Table TableID `json:"table"`
	}
)

// The commands about presence.
type (
	// CheckIn says that an attendee has arrived at the event.
	CheckIn struct {
		Attendee AttendeeID `json:"attendee"`
	}
	// MarkPresent says that one side of a meeting sits at its table.
	MarkPresent struct {
		Meeting MeetingID `json:"meeting"`
		Side    Side      `json:"side"`
	}
	// MarkNoShow says that one side of a meeting has not come.
	MarkNoShow struct {
		Meeting MeetingID `json:"meeting"`
		Side    Side      `json:"side"`
	}
	// AcknowledgeNotices says that the sender has read notices ("Got it").
	AcknowledgeNotices struct {
		Notices []NoticeID `json:"notices"`
	}
)

// The commands about interpreters.
type (
	// SetDuty puts an interpreter on or off duty, or on a break.
	SetDuty struct {
		Interpreter InterpreterID `json:"interpreter"`
		Duty        Duty          `json:"duty"`
	}
	// RequestInterpreter asks for an interpreter at a meeting; Pair defaults to the meeting's own.
	RequestInterpreter struct {
		Meeting MeetingID `json:"meeting"`
		Pair    Pair      `json:"pair,omitzero"`
		Skill   string    `json:"skill,omitzero"`
	}
	// ClaimRequest takes a request for Interpreter, by default the sender; staff may name another.
	ClaimRequest struct {
		Request     RequestID     `json:"request"`
		Interpreter InterpreterID `json:"interpreter,omitzero"`
	}
	// MarkInterpreterDeparted says that the claimant is on the way.
	MarkInterpreterDeparted struct {
		Request RequestID `json:"request"`
	}
	// MarkInterpreterArrived says that the claimant is at the table.
	MarkInterpreterArrived struct {
		Request RequestID `json:"request"`
	}
	// ReleaseRequest ends a request that was served; before arrival, it gives the request back to the others.
	ReleaseRequest struct {
		Request RequestID `json:"request"`
	}
	// CancelRequest ends a request that is no longer wanted.
	CancelRequest struct {
		Request RequestID `json:"request"`
	}
)

// ApplyDue makes one thing happen that fell due; only the clock gives it. See State.Due.
type ApplyDue struct {
	What  DueKind `json:"what"`
	Of    string  `json:"of"`    // the id of what it concerns
	Since uint64  `json:"since"` // the sequence number of the change that the deadline follows from
}

// The commands of the instance's own log.
type (
	// AddOrganiser adds an organiser.
	AddOrganiser struct {
		Organiser OrganiserID `json:"organiser"`
		Name      string      `json:"name"`
	}
	// RegisterEvent adds an event, which has a log of its own, to the list.
	RegisterEvent struct {
		Event EventID `json:"event"`
		Name  Text    `json:"name"`
	}
	// SetPublicURL sets the address at which phones reach the instance.
	SetPublicURL struct {
		URL string `json:"url"`
	}
	// SetInstanceKey says which instance key the links are made with. It is refused as already
	// set if the log names another key than Was.
	SetInstanceKey struct {
		Key string `json:"key"` // its id: KeyIDLength hex digits
		Was string `json:"was,omitzero"`
	}
)

// Forum is a whole floor as a workbook describes it. Times are absolute.
type Forum struct {
	Event        Event         `json:"event"`
	Items        []Item        `json:"items"`
	Zones        []Zone        `json:"zones"`
	Tables       []Table       `json:"tables"`
	Rounds       []Round       `json:"rounds"`
	Companies    []Company     `json:"companies"`
	Attendees    []Attendee    `json:"attendees"`
	Staff        []Staff       `json:"staff"`
	Interpreters []Interpreter `json:"interpreters"`
	Displays     []Display     `json:"displays"`
	Meetings     []Meeting     `json:"meetings"`
	Wishes       []Wish        `json:"wishes"`
}

// Counts returns how many of each kind the forum has, for people who check a workbook.
func (f Forum) Counts() map[string]int {
	return map[string]int{
		"agenda": len(f.Items), "zones": len(f.Zones), "tables": len(f.Tables), "rounds": len(f.Rounds),
		"companies": len(f.Companies), "attendees": len(f.Attendees), "staff": len(f.Staff),
		"interpreters": len(f.Interpreters), "displays": len(f.Displays), "meetings": len(f.Meetings), "wishes": len(f.Wishes),
	}
}
