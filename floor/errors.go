package floor

import (
	"maps"
	"slices"
	"strings"
)

// Code names an error. Its sentence, in three languages, is the entry
// "error.<code>" of the catalogs, with the parameters as placeholders.
type Code string

// The codes. The comment names the parameters beside each.
const (
	CodeForbidden      Code = "forbidden"        // command
	CodeOtherZone      Code = "other_zone"       // zone
	CodeUnknownThing   Code = "unknown"          // of
	CodeBadValue       Code = "bad_value"        // field
	CodeStale          Code = "stale"            // of, by, seq
	CodeTooLate        Code = "too_late"         //
	CodeAfterMissing   Code = "after_missing"    // after
	CodeTooOld         Code = "too_old"          //
	CodeReleased       Code = "released"         // version
	CodeNotReleased    Code = "not_released"     //
	CodeAlready        Code = "already"          // of, state
	CodeSlotOrder      Code = "slot_order"       // of, state
	CodeRoundClosed    Code = "round_closed"     // round
	CodeLocked         Code = "locked"           // meeting
	CodeTableTaken     Code = "table_taken"      // table, round, meeting
	CodeTableClosed    Code = "table_closed"     // table
	CodeTableSmall     Code = "table_small"      // table, capacity, people
	CodePersonBusy     Code = "person_busy"      // who, round, meeting
	CodeInterpBusy     Code = "interpreter_busy" // who, round, meeting or request
	CodeCancelled      Code = "cancelled"        // meeting
	CodeNoPlace        Code = "no_place"         // meeting
	CodeOffDuty        Code = "off_duty"         // who
	CodeOffShift       Code = "off_shift"        // who
	CodeWrongPair      Code = "wrong_pair"       // who, pair
	CodeMissingSkill   Code = "missing_skill"    // who, skill
	CodeClaimed        Code = "claimed"          // by
	CodeRequestOpen    Code = "request_open"     // request
	CodeNotYours       Code = "not_yours"        // of
	CodeNothingToUndo  Code = "nothing_to_undo"  // command
	CodeUndone         Code = "undone"           // by
	CodeUndoDepends    Code = "undo_depends"     // of, by, seq
	CodeNothingChanges Code = "nothing_changes"  //
	CodeTooMany        Code = "too_many"         // of, limit
	CodeNeedsUpgrade   Code = "needs_upgrade"    // version

	// Soft: the change was made, and this is worth knowing.
	NoteMetBefore Code = "met_before"     // host, guest, round
	NoteNoRest    Code = "no_rest"        // who, round
	NoteFarTable  Code = "far_table"      // table, home
	NoteNoInterp  Code = "no_interpreter" // meeting
)

// Error is a refusal, or a note: a code that a program reads, and parameters for
// the sentence that a person reads.
type Error struct {
	Code   Code              `json:"code"`
	Params map[string]string `json:"params,omitempty"`
}

// newError makes an error of a code and pairs of parameter name and value.
func newError(code Code, pairs ...string) *Error {
	e := &Error{Code: code}
	if len(pairs) > 0 {
		e.Params = make(map[string]string, len(pairs)/2)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		e.Params[pairs[i]] = pairs[i+1]
	}
	return e
}

// Error answers code and parameters in a fixed order; people read the catalogs instead.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Code))
	for _, k := range slices.Sorted(maps.Keys(e.Params)) {
		b.WriteString(" " + k + "=" + e.Params[k])
	}
	return b.String()
}
