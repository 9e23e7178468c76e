package wire

import (
	"maps"
	"slices"
	"strings"

	"github.com/matchfloor/matchfloor/floor"
)

// Code names a refusal or an error. Its sentence is the entry "error.<code>" of
// the catalogs. The codes of floor are refusals of a command; the ones here come
// from the protocol around it.
type Code = string

// The protocol's own codes. The comment names the parameters beside each.
const (
	CodeBadFrame        Code = "bad_frame"         // why, at: see the Why constants; 4100 follows
	CodeBadBody         Code = "bad_body"          // why, at: a command, or a POST's body
	CodeBadValue        Code = "bad_value"         // field: the shape is right, the value is out of range
	CodeUnknownCommand  Code = "unknown_command"   // command
	CodeTooLarge        Code = "too_large"         // limit, in bytes
	CodeIDReused        Code = "id_reused"         //
	CodeUnavailable     Code = "unavailable"       // the journal is not reachable; retry
	CodeBusy            Code = "busy"              // 32 commands under way, or the queue is full; retry
	CodeDraining        Code = "draining"          // this node goes away; retry on another
	CodeTooManyRequests Code = "too_many_requests" // retry later
	CodeFull            Code = "full"              // no room for another connection; retry later
	CodeBadVersion      Code = "bad_version"       // version: the one that the server speaks; 4101 follows
	CodeSignedOut       Code = "signed_out"        // no session, or it is over
	CodeBadOrigin       Code = "bad_origin"        //
	CodeBadType         Code = "bad_type"          // the Content-Type
	CodeNoSuchEvent     Code = "no_such_event"     //
	CodeForbidden       Code = Code(floor.CodeForbidden)
	CodeWorkbook        Code = "workbook" // errors stand beside it
	CodeInternal        Code = "internal" // the server's fault
)

// Codes answers the codes that the protocol adds to floor's, sorted.
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
	WhyDuplicate = "duplicate_name" // a name stands twice in an object
	WhyDepth     = "depth"          // nested deeper than MaxDepth
	WhyKinds     = "kinds"          // not exactly one kind in the object
	WhyUnknown   = "unknown_name"   // names are case-sensitive
	WhyType      = "type"           // a value is of the wrong type, null or missing
	WhyOrder     = "order"          // a frame that may not come now, such as one before hello
)

// Retry reports whether a refusal with this code is passing: keep the command,
// with its id, and send it again.
func Retry(code Code) bool {
	switch code {
	case CodeUnavailable, CodeBusy, CodeDraining, CodeTooManyRequests, CodeFull, CodeInternal:
		return true
	}
	return false
}

// ProblemOf is floor's refusal as the wire tells it. It shares e's parameters.
func ProblemOf(e *floor.Error) Problem { return Problem{Code: Code(e.Code), Params: e.Params} }

// Error answers code and parameters in a fixed order; people read the catalogs instead.
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

// The close codes. Those below 4000 are the WebSocket standard's; 40xx ask the
// client to come back, 41xx not to.
const (
	CloseNormal      CloseCode = 1000
	CloseGoingAway   CloseCode = 1001 // the client leaves the page
	CloseNoStatus    CloseCode = 1005 // never sent: the peer gave no code
	CloseAbnormal    CloseCode = 1006 // never sent: the connection broke
	CloseTooBig      CloseCode = 1009 // a frame over MaxFrame
	CloseBroken      CloseCode = 1011 // the server failed
	CloseRestart     CloseCode = 1012 // this node goes away; another one or its successor is there
	CloseSilent      CloseCode = 4000 // no ack, ping or hello in time
	CloseTooMany     CloseCode = 4001 // too many connections or frames for now
	CloseLineage     CloseCode = 4002 // the log was found to be another
	CloseBadFrame    CloseCode = 4100
	CloseVersion     CloseCode = 4101 // the server does not speak hello's version
	CloseSessionOver CloseCode = 4102 // link rotated, expired, signed out
	CloseNoEvent     CloseCode = 4103
)

// ReconnectPolicy is what a client does when a connection has closed.
type ReconnectPolicy string

// The comebacks.
const (
	ComeUsual  ReconnectPolicy = "usual"   // after the usual pause, which grows with failures in a row
	ComeNow    ReconnectPolicy = "now"     // at once; as usual if the connection before went the same way
	ComeSoon   ReconnectPolicy = "soon"    // after a random 0 to 2 s
	ComeLater  ReconnectPolicy = "later"   // after a random 5 to 15 s
	ComeReload ReconnectPolicy = "reload"  // not with this version of the client
	ComeSignIn ReconnectPolicy = "sign-in" // with a new session; what was kept is dropped
	ComeNever  ReconnectPolicy = "never"
)

// Comeback answers what a client does after this close code came from the other
// side. Every code that the protocol does not name counts as a broken connection;
// so do 1000 and 1001, which a proxy on the way may send.
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
