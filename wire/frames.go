// Package wire is matchfloor's protocol: the frames of a live connection, the envelope
// of a command, the codes of errors and closes, and the strict JSON that carries them.
// docs/PROTOCOL.md is its specification. The golden frames in testdata test the
// server's end, the client's end in Go, and the pages.
//
// Every frame is one JSON object with exactly one key, which names its kind.
// Numbers are at most MaxInteger. Times are floor.Instant: milliseconds since 1970,
// either wall time or the event's time, as each field says.
package wire

import (
	"encoding/json"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
)

// Version is the protocol's version. A client sends it in hello. A server that does not
// support it closes with CloseVersion.
const Version = 1

// ClientFrame is a frame that a client sends: exactly one field is set.
type ClientFrame struct {
	Hello   *Hello   `json:"hello,omitzero"`
	Ping    *Ping    `json:"ping,omitzero"`
	Ack     *Ack     `json:"ack,omitzero"`
	Command *Command `json:"command,omitzero"`
}

// Hello is a client's first frame: docs/PROTOCOL.md, "hello".
type Hello struct {
	Version  int               `json:"v"`
	Have     *journal.Position `json:"have,omitzero"`     // the position of the view that the client holds; absent: none
	Subjects string            `json:"subjects,omitzero"` // ServerHello.Subjects of that view
	Hidden   bool              `json:"hidden,omitzero"`   // the screen is hidden
}

// Ping asks for a pong and acknowledges: docs/PROTOCOL.md, "ping, pong".
type Ping struct {
	N      uint32 `json:"n"`            // any number; the pong repeats it
	Ack    uint64 `json:"ack,omitzero"` // as Ack.Seq
	Hidden bool   `json:"hidden,omitzero"`
}

// Ack acknowledges every snapshot and patch up to Seq: docs/PROTOCOL.md, "ack".
type Ack struct {
	Seq uint64 `json:"seq"`
}

// Command is the envelope of a command, in a frame and as the body of a POST:
// docs/PROTOCOL.md, "Commands". On the wire, Body is a field whose name is the
// command's kind.
type Command struct {
	ID    string        // 1 to 40 of [A-Za-z0-9_-]; unique for the link that sends it
	Base  *uint64       // the sequence of the view that the sender saw; nil: staleness is not checked
	After []string      // ids of earlier commands of the same link whose effect the view may not show yet
	Until floor.Instant // wall time after which the command must not be applied; 0: no limit
	Body  floor.Command
}

// ServerFrame is a frame that a server sends: exactly one field is set.
type ServerFrame struct {
	Hello    *ServerHello `json:"hello,omitzero"`
	Snapshot *Snapshot    `json:"snapshot,omitzero"`
	Patch    *Patch       `json:"patch,omitzero"`
	Pong     *Pong        `json:"pong,omitzero"`
	Live     *StatusFrame `json:"live,omitzero"`
	Accepted *Accepted    `json:"accepted,omitzero"`
	Rejected *Rejected    `json:"rejected,omitzero"`
	Error    *Problem     `json:"error,omitzero"`
}

// ServerHello is the server's answer to hello.
type ServerHello struct {
	Version  int              `json:"v"`
	Event    floor.EventID    `json:"event"`
	You      You              `json:"you"`
	Subjects string           `json:"subjects"` // the hash of what the session may see: see SubjectsHash
	Now      floor.Instant    `json:"now"`      // the node's wall time
	Clock    floor.EventClock `json:"clock"`
}

// You describes whom the client's credential belongs to, in the current state.
type You struct {
	Who       floor.ActorID  `json:"who"`
	Link      floor.LinkID   `json:"link"`
	Name      floor.Text     `json:"name"`
	Lead      bool           `json:"lead,omitzero"`
	Zones     []floor.ZoneID `json:"zones,omitempty"`
	Languages []floor.Lang   `json:"languages,omitempty"` // of a display
}

// Cards are the cards of a view or a patch, each as the exact bytes of its JSON. Digests
// are computed over these bytes.
type Cards map[floor.CardKey]json.RawMessage

// Snapshot replaces the client's view: docs/PROTOCOL.md, "snapshot". Either Cards is set,
// or Get: the path from which to fetch the cards at this position or a later one.
type Snapshot struct {
	At    journal.Position `json:"at"`
	Cards Cards            `json:"cards,omitempty"`
	Get   string           `json:"get,omitzero"`
}

// Patch is the exact difference between the views at two positions: docs/PROTOCOL.md,
// "patch".
type Patch struct {
	From uint64           `json:"from"` // applies to any view at or past From and before To
	To   journal.Position `json:"to"`
	Set  Cards            `json:"set,omitempty"`
	Drop []floor.CardKey  `json:"drop,omitempty"` // sorted
}

// Pong is the server's answer to ping.
type Pong struct {
	N     uint32           `json:"n"`
	Now   floor.Instant    `json:"now"`
	Clock floor.EventClock `json:"clock"`
	At    journal.Position `json:"at"` // everything up to here was sent to the client
}

// StatusFrame carries what is not part of the log: docs/PROTOCOL.md, "live". Each
// replaces the one before as a whole.
type StatusFrame struct {
	StaleSince floor.Instant  `json:"staleSince,omitzero"` // wall time since when the journal has not answered
	Here       map[string]int `json:"here,omitempty"`      // for moderators: "live", "asleep", "gone" → attendees and interpreters
	Draining   bool           `json:"draining,omitzero"`   // this node is about to shut down

	// For moderators, of the people who have not seen a notice: Asleep lists who is
	// connected and hidden, Gone who is not connected, each since a wall time; 0 means
	// not since this node started to observe. The others are connected and in sight,
	// except that More people are left out of Asleep and Gone.
	Asleep  map[floor.ActorID]floor.Instant `json:"asleep,omitempty"`
	Gone    map[floor.ActorID]floor.Instant `json:"gone,omitempty"`
	More    int                             `json:"more,omitzero"`
	Partial bool                            `json:"partial,omitzero"` // the other nodes do not answer: everything above describes this node alone
}

// Accepted means that a command is durably in the log.
type Accepted struct {
	ID    string         `json:"id"`
	Seq   uint64         `json:"seq"`             // the record that holds its changes
	Notes []*floor.Error `json:"notes,omitempty"` // soft collisions that the command caused
}

// Rejected means that a command was not and will not be applied. If Retry reports true
// for its code, the client sends the command again.
type Rejected struct {
	ID string `json:"id"`
	Problem
}

// Problem is an error for programs; the catalogs turn it into sentences for people.
type Problem struct {
	Code   string            `json:"code"`
	Params map[string]string `json:"params,omitempty"`
}
