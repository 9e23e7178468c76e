package floor

// The ids of things. Each is 1 to 40 characters of [A-Za-z0-9_-], the same in the workbook, the log,
// on the wire and in the API.
type (
	EventID        string
	ZoneID         string
	TableID        string
	RoundID        string
	ItemID         string // an agenda item
	CompanyID      string
	AttendeeID     string
	StaffID        string
	InterpreterID  string
	DisplayID      string
	MeetingID      string
	RequestID      string // an interpreter request
	AnnouncementID string
	NoticeID       string
	OrganiserID    string
	LinkID         string // "<role>-<id>", for example "attendee-k03a"
)

// CommandKey identifies a command across retries: the id of the link that gave it, a slash, and the
// id that the sender gave the command.
type CommandKey string

// MaxID is the greatest length of an id, in bytes.
const MaxID = 40

// ValidID reports whether s may be an id.
func ValidID(s string) bool {
	if len(s) == 0 || len(s) > MaxID {
		return false
	}
	for i := range len(s) {
		if !idByte(s[i]) {
			return false
		}
	}
	return true
}

func idByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}
