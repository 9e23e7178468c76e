package floor

import (
	"maps"
	"slices"
	"strings"
)

// Code identifies the reason of an error. The catalogs have a sentence for it, in three languages,
// under "error.<code>", with the parameters as placeholders.
type Code string

// The codes, each with the names of its parameters.
const (
	CodeForbidden       Code = "forbidden"        // command
	CodeOtherZone       Code = "other_zone"       // zone
	CodeUnknown         Code = "unknown"          // of
	CodeBadValue        Code = "bad_value"        // field
	CodeStale           Code = "stale"            // of, by, seq
	CodeTooLate         Code = "too_late"         //
	CodeAfterMissing    Code = "after_missing"    // after
	CodeTooOld          Code = "too_old"          //
	CodeReleased        Code = "released"         // version
	CodeNotReleased     Code = "not_released"     //
	CodeAlready         Code = "already"          // of, state
	CodeSlotOrder       Code = "slot_order"       // of, state
	CodeRoundClosed     Code = "round_closed"     // round
	CodeLocked          Code = "locked"           // meeting
	CodeTableTaken      Code = "table_taken"      // table, round, meeting
	CodeTableClosed     Code = "table_closed"     // table
	CodeTableSmall      Code = "table_small"      // table, capacity, people
	CodePersonBusy      Code = "person_busy"      // who, round, meeting
	CodeInterpreterBusy Code = "interpreter_busy" // who, round, meeting or request
	CodeCancelled       Code = "cancelled"        // meeting
	CodeNoPlace         Code = "no_place"         // meeting
	CodeOffDuty         Code = "off_duty"         // who
	CodeOffShift        Code = "off_shift"        // who
	CodeWrongPair       Code = "wrong_pair"       // who, pair
	CodeMissingSkill    Code = "missing_skill"    // who, skill
	CodeClaimed         Code = "claimed"          // by
	CodeRequestOpen     Code = "request_open"     // request
	CodeNotYours        Code = "not_yours"        // of
	CodeNothingToUndo   Code = "nothing_to_undo"  // command
	CodeUndone          Code = "undone"           // by
	CodeUndoDepends     Code = "undo_depends"     // of, by, seq
	CodeNothingChanges  Code = "nothing_changes"  //
	CodeTooMany         Code = "too_many"         // of, limit
	CodeNeedsUpgrade    Code = "needs_upgrade"    // version

	// Notes: the change was made, and its sender should know this.
	NoteMetBefore     Code = "met_before"     // host, guest, round
	NoteNoRest        Code = "no_rest"        // who, round
	NoteFarTable      Code = "far_table"      // table, home
	NoteNoInterpreter Code = "no_interpreter" // meeting
)

// Error is a refusal or a note: a code for programs, and parameters for the sentence that people read.
type Error struct {
	Code   Code              `json:"code"`
	Params map[string]string `json:"params,omitempty"`
}

// newError returns an error with a code and pairs of parameter name and value.
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

// Error returns the code and the parameters in a fixed order. People read the catalogs' sentence instead.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Code))
	for _, k := range slices.Sorted(maps.Keys(e.Params)) {
		b.WriteString(" " + k + "=" + e.Params[k])
	}
	return b.String()
}
