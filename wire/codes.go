package wire

import (
	"maps"
	"slices"
	"strings"

	"github.com/matchfloor/matchfloor/floor"
)

// Code names a refusal or an error. Its sentence for people is the entry
// "error.<code>" of the catalogs. The codes of floor are refusals of a command by the
// domain; the ones below belong to the protocol: docs/PROTOCOL.md, "Codes".
type Code = string

// The protocol's own codes, each with the names of its parameters.
const (
	CodeBadFrame        Code = "bad_frame"         // why, at: see the Why constants; the connection closes with 4100
	CodeBadBody         Code = "bad_body"          // why, at: of a command, or of the body of a POST
	CodeBadValue        Code = "bad_value"         // field: the type is right, the value is out of range
	CodeUnknownCommand  Code = "unknown_command"   // command
	CodeTooLarge        Code = "too_large"         // limit, in bytes
	CodeIDReused        Code = "id_reused"         // the id belongs to another command
	CodeUnavailable     Code = "unavailable"       // the journal does not answer; retry
	CodeBusy            Code = "busy"              // 32 commands are under way, or the queue is full; retry
	CodeDraining        Code = "draining"          // this node is shutting down; retry on another
	CodeTooManyRequests Code = "too_many_requests" // retry later
	CodeFull            Code = "full"              // no room for another connection; retry later
	CodeBadVersion      Code = "bad_version"       // version: the server's; the connection closes with 4101
	CodeSignedOut       Code = "signed_out"        // no session, or it has ended
	CodeBadOrigin       Code = "bad_origin"        // the request comes from another site
	CodeBadType         Code = "bad_type"          // the Content-Type is wrong
	CodeNoSuchEvent     Code = "no_such_event"     // the event does not exist
	CodeForbidden       Code = Code(floor.CodeForbidden)
	CodeWorkbook        Code = "workbook" // the body lists the workbook's errors
	CodeInternal        Code = "internal" // the server's fault
)

// Codes returns the codes that the protocol adds to floor's, sorted.
func Codes() []Code {
	codes := []Code{
		CodeBadFrame, CodeBadBody, CodeBadValue, CodeUnknownCommand, CodeTooLarge, CodeIDReused,
		CodeUnavailable, CodeBusy, CodeDraining, CodeTooManyRequests, CodeFull, CodeBadVersion,
		CodeSignedOut, CodeBadOrigin, CodeBadType, CodeNoSuchEvent, CodeForbidden, CodeWorkbook, CodeInternal,
	}
	slices.Sort(codes)
	return codes
}

// The values of the parameter "why" of CodeBadFrame and CodeBadBody.
const (
	WhySyntax    = "syntax"         // not one JSON value, or invalid UTF-8
	WhyDuplicate = "duplicate_name" // a name occurs twice in an object
	WhyDepth     = "depth"          // nested deeper than MaxDepth
	WhyKinds     = "kinds"          // not exactly one kind in the object
	WhyUnknown   = "unknown_name"   // a name that the protocol does not have; names are case-sensitive
	WhyType      = "type"           // a value is of the wrong type, null or missing
	WhyOrder     = "order"          // a frame that is not allowed now, such as one before hello
)

// Retry reports whether a refusal with this code is temporary: the client must keep the
// command with its id and send it again later.
func Retry(code Code) bool {
	switch code {
	case CodeUnavailable, CodeBusy, CodeDraining, CodeTooManyRequests, CodeFull, CodeInternal:
		return true
	}
	return false
}

// ProblemOf returns the problem for a refusal by floor. It shares e's parameters.
func ProblemOf(e *floor.Error) Problem { return Problem{Code: Code(e.Code), Params: e.Params} }

// Error returns the code and the parameters, sorted by name. It is for logs: people
// read the sentences of the catalogs.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Code)
	for _, k := range slices.Sorted(maps.Keys(p.Params)) {
		b.WriteString(" " + k + "=" + p.Params[k])
	}
	return b.String()
}

// CloseCode is the status of a WebSocket's close frame.
type CloseCode int

// The close codes. Those below 4000 are defined by RFC 6455. After 40xx the client
// connects again with the same session, after 41xx it does not:
// docs/PROTOCOL.md, "Close codes".
const (
	CloseNormal      CloseCode = 1000
	CloseGoingAway   CloseCode = 1001 // the client leaves
	CloseNoStatus    CloseCode = 1005 // never sent: the peer gave no code
	CloseAbnormal    CloseCode = 1006 // never sent: the connection broke
	CloseTooBig      CloseCode = 1009 // a frame over MaxFrame
	CloseBroken      CloseCode = 1011 // an internal error of the server
	CloseRestart     CloseCode = 1012 // this node is shutting down; another one or its successor accepts connections
	CloseSilent      CloseCode = 4000 // no ack, ping or hello in time
	CloseTooMany     CloseCode = 4001 // too many connections or frames at present
	CloseLineage     CloseCode = 4002 // the server's log has diverged from what the client was sent
	CloseBadFrame    CloseCode = 4100 // an error frame says what was wrong
	CloseVersion     CloseCode = 4101 // the server does not speak hello's version
	CloseSessionOver CloseCode = 4102 // the link was rotated, the session expired or signed out
	CloseNoEvent     CloseCode = 4103 // the event does not exist
)

// ReconnectPolicy is what a client does when a connection has closed.
type ReconnectPolicy string

// The policies. "Usual pause" is that of docs/PROTOCOL.md, "The usual pause".
const (
	ComeUsual  ReconnectPolicy = "usual"   // reconnect after the usual pause, which grows with failures in a row
	ComeNow    ReconnectPolicy = "now"     // reconnect at once; after the usual pause if the previous connection ended alike
	ComeSoon   ReconnectPolicy = "soon"    // reconnect after a random 0 to 2 s
	ComeLater  ReconnectPolicy = "later"   // reconnect after a random 5 to 15 s
	ComeReload ReconnectPolicy = "reload"  // reconnect only with another version of the client
	ComeSignIn ReconnectPolicy = "sign-in" // sign in again and discard the view
	ComeNever  ReconnectPolicy = "never"   // do not reconnect
)

// Comeback returns what a client does after the server has closed with this code.
// A code that the protocol does not name counts as a broken connection, and so do 1000
// and 1001, which a proxy may send.
func (c CloseCode) Comeback() ReconnectPolicy {
	switch c {
	case CloseSilent, CloseLineage:
		return ComeNow
	case CloseRestart:
		return ComeSoon
	case CloseTooMany:
		return ComeLater
	case CloseVersion:
		return ComeReload
	case CloseSessionOver:
		return ComeSignIn
	case CloseTooBig, CloseBadFrame, CloseNoEvent:
		return ComeNever
	}
	return ComeUsual
}
