package floor

import "strconv"

// FormatVersion is the version of what this program writes into logs. It grows by
// one in a release that writes a kind of change, or a field of one, that the
// release before does not know. Such a change is written to a log only once the log
// itself says that every node knows it (see VersionRaised), so that nodes can be
// exchanged one by one: an older one never meets what it cannot fold.
const FormatVersion = 3

// kindVersions is where a new kind of change is registered: the version since which
// programs know it. Kinds that are not named are of version 1. Decide refuses a
// command that makes a change of a later version than its log's with needs_upgrade;
// State.Writes asks beforehand. A record with a field that this program does not know
// stops its reader just as an unknown kind does, so a new field needs the same care:
// leave it out while State.Version is below the version that brought it.
var kindVersions = map[ChangeKind]int{
	"commandLost":     2,
	"exported":        3,
	"lostDismissed":   2,
	"noticeDelivered": 2,
	"noticeTold":      2,
}

// purgeVersion is the version since which programs know Event.PurgeAt.
const purgeVersion = 3

// versionOf answers the version since which a kind of change is known.
func versionOf(k ChangeKind) int { return max(kindVersions[k], 1) }

// Version is the version that changes in this log may have. A log begins at the one
// that its first order names, and goes up by RaiseVersion.
func (s State) Version() int { return max(s.version, 1) }

// Writes reports whether changes of a kind may be written to this log.
func (s State) Writes(k ChangeKind) bool { return versionOf(k) <= s.Version() }

// VersionRaised says that every node which folds this log knows the changes of a
// version. It is the first change of a new log.
type VersionRaised struct {
	Version int `json:"version"`
}

func (c VersionRaised) apply(tx *transaction) { tx.version = c.Version }

// RaiseVersion lets newer changes be written to a log. Whoever gives it vouches that
// no node of an older version is left, for such a one could not fold on.
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

// beginLog makes a new log say which version it begins at, and answers how many changes
// that took.
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

// checkVersion refuses changes that other nodes on this log might not know.
func (d *decision) checkVersion() *Error {
	for _, c := range d.result.Changes {
		if kind := changeKind(c); !d.Writes(kind) {
			return newError(CodeNeedsUpgrade, "version", strconv.Itoa(versionOf(kind)))
		}
	}
	return nil
}
