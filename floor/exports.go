package floor

import "slices"

// ExportKind is a kind of export: data that leaves the instance with the names or secrets of many people.
type ExportKind string

// The exports that are recorded.
const (
	ExportLinks  ExportKind = "links"  // of everybody in a log, with their names
	ExportBackup ExportKind = "backup" // all logs, complete; recorded in the instance's log
)

// maxExports is the number of the last exports that a state has; the log has all.
const maxExports = 50

// RecordExport says that something is about to be exported. The exporter gives this command first, and
// must not hand out anything unless the log has it.
type RecordExport struct {
	What   ExportKind `json:"what"`
	People int        `json:"people"` // in a backup; floor itself counts those in a list of links
}

// Exported notes an export: its kind, and how many people's data it held. Who exported and when is
// in the record. It holds no personal data, so an erasure does not change it.
type Exported struct {
	What   ExportKind `json:"what"`
	People int        `json:"people"`
}

// Export is an export in a log.
type Export struct {
	Seq    uint64     `json:"seq"` // of its record
	What   ExportKind `json:"what"`
	By     ActorID    `json:"by"`
	Wall   Instant    `json:"wall"`
	People int        `json:"people"`
}

func (c RecordExport) decide(d *decision) *Error {
	if d.before.seq == 0 {
		return newError(CodeUnknown, "of", "log") // recording must not begin one
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
