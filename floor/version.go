package floor

import "strconv"

// FormatVersion is the version of what this program writes into logs. It grows by one in a release
// that writes a kind of change, or a field of one, that the release before does not know. Such a
// change is written to a log only when the log itself says that every node knows it (see
// VersionRaised), so that nodes can be upgraded one by one: an older node never meets a change that
// it cannot apply.
const FormatVersion = 4

// kindVersions has, for each kind of change that was added later, the version that brought it. Kinds
// that are not listed are of version 1. Decide refuses a command with needs_upgrade if it makes a
// change of a later version than the log's; a caller can ask the state beforehand. A record with an
// unknown field stops its reader just as an unknown kind does, so a new field needs the same care:
// it must be left out while State.Version is below the version that brought it.
var kindVersions = map[ChangeKind]int{
	"commandLost":     2,
	"exported":        3,
	"instanceKeySet":  4,
	"lostDismissed":   2,
	"noticeDelivered": 2,
	"noticeTold":      2,
}

// purgeVersion is the version that brought Event.PurgeAt.
const purgeVersion = 3

// versionOf returns the version that brought a kind of change.
func versionOf(k ChangeKind) int { return max(kindVersions[k], 1) }

// Version returns the newest version whose changes may be written to this log. It is the one that
// the log's first command names (Envelope.Version), until RaiseVersion raises it.
func (s State) Version() int { return max(s.version, 1) }

// CanWrite reports whether changes of a kind may be written to this log.
func (s State) CanWrite(k ChangeKind) bool { return versionOf(k) <= s.Version() }

// VersionRaised says that every node that reads this log knows the changes of a version. It is the
// first change of a new log.
type VersionRaised struct {
	Version int `json:"version"`
}

func (c VersionRaised) apply(tx *transaction) { tx.version = c.Version }

// RaiseVersion allows newer changes in a log. The sender must make sure that no node of an older
// version is left: such a node could not read on.
type RaiseVersion struct {
	Version int `json:"version"`
}

func (c RaiseVersion) decide(d *decision) *Error {
	if c.Version > FormatVersion {
		return badValue("version")
	}
	if c.Version > d.Version() {
		d.emit(VersionRaised(c))
	}
	return nil
}

// beginLog makes the first record of a log say at which version the log begins. It returns the number
// of changes that this took.
func (d *decision) beginLog() int {
	if d.before.seq != 0 {
		return 0
	}
	version := FormatVersion
	if v := d.envelope.Version; v > 0 {
		version = min(v, version)
	}
	d.emit(VersionRaised{version})
	return 1
}

// checkVersion refuses changes that other nodes on this log may not know.
func (d *decision) checkVersion() *Error {
	for _, c := range d.result.Changes {
		if kind := changeKind(c); !d.CanWrite(kind) {
			return newError(CodeNeedsUpgrade, "version", strconv.Itoa(versionOf(kind)))
		}
	}
	return nil
}
