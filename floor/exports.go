package floor

import "slices"

// ExportKind is what leaves the instance with the names, or the secrets, of many.
type ExportKind string

// The exports that are recorded.
const (
	ExportLinks  ExportKind = "links"  // of everybody whom a log lists, with their names
	ExportBackup ExportKind = "backup" // all logs, whole: recorded in the instance's
)

// maxExports is how many of the last exports a state tells of; the log has all.
const maxExports = 50

// RecordExport says that something is about to be taken out. Whoever hands it out
// gives this command first, and hands out nothing unless it is in the log.
type RecordExport struct {
	What   ExportKind `json:"what"`
	People int        `json:"people"` // in a backup; those of a list of links are counted here
}

// Exported says what was taken out, and how many people it tells of. By whom and when
// is its record's. There is nothing of a person in it, so erasing leaves it.
type Exported struct {
	What   ExportKind `json:"what"`
	People int        `json:"people"`
}

// Export is one of the last exports of a log.
type Export struct {
	Seq    uint64     `json:"seq"` // of its record
	What   ExportKind `json:"what"`
	By     ActorID    `json:"by"`
	Wall   Instant    `json:"wall"`
	People int        `json:"people"`
}

// Exports answers the last exports, oldest first, at most 50. The list is the state's own.
func (s State) Exports() []Export { return s.exports }

// People counts those whom the log names: attendees, staff, interpreters and, in the
// instance's log, organisers.
func (s State) People() int {
	return s.attendees.Len() + s.staff.Len() + s.interpreters.Len() + s.organisers.Len()
}

func (c RecordExport) decide(d *decision) *Error {
	if d.before.seq == 0 {
		return newError(CodeUnknownThing, "of", "log") // recording must not begin one
	}
	switch {
	case c.What == ExportLinks:
		c.People = d.People()
	case c.What != ExportBackup || d.envelope.By != Operator || c.People < 0:
		return badValue("what")
	}
	d.emit(Exported(c))
	return nil
}

func (c Exported) apply(tx *transaction) {
	tx.exports = append(slices.Clip(tx.exports), Export{Seq: tx.seq, What: c.What, By: tx.record.By, Wall: tx.record.Wall, People: c.People})
	if over := len(tx.exports) - maxExports; over > 0 {
		tx.exports = tx.exports[over:]
	}
}
