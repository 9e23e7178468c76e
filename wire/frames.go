// Package wire is matchfloor's protocol: the frames of a live connection, the
// envelope of a command, the codes of errors and closes, and the strict JSON
// that carries them. docs/PROTOCOL.md tells the same in prose; the golden frames
// in testdata hold both ends to it.
//
// Every frame is one JSON object with exactly one key, which names the frame.
package wire

import (
	"encoding/json"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
)

// Version is the protocol's version. A client says it in hello; a server that
// cannot speak it closes with CloseVersion.
const Version = 1

// The limits of a connection, in bytes unless said otherwise.
const (
	MaxFrame       = 32 << 10 // a frame from a client
	MaxCommand     = 16 << 10 // a command in a POST; an import has its own limit
	MaxUnackFrames = 8        // patches and snapshots sent and not acknowledged
	MaxUnackBytes  = 32 << 10
	InlineSnapshot = 64 << 10 // a larger snapshot is fetched by GET
	MaxDepth       = 16       // nesting of JSON from a client
)

// ClientFrame is a frame that a client sends: exactly one field is set.
type ClientFrame struct {
	Hello   *Hello   `json:"hello,omitzero"`
	Ping    *Ping    `json:"ping,omitzero"`
	Ack     *Ack     `json:"ack,omitzero"`
	Command *Command `json:"command,omitzero"`
}

// Hello is a client's first frame.
type Hello struct {
	Version  int               `json:"v"`
	Have     *journal.Position `json:"have,omitzero"`     // the position of the view it holds; absent: none
	Subjects string            `json:"subjects,omitzero"` // the hash that came with that view
	Hidden   bool              `json:"hidden,omitzero"`   // the page is not in sight
}

// Ping asks for a pong. It also acknowledges.
type Ping struct {
	N      uint32 `json:"n"`            // echoed
	Ack    uint64 `json:"ack,omitzero"` // as Ack.Seq
	Hidden bool   `json:"hidden,omitzero"`
}

// Ack acknowledges, cumulatively, every frame whose position is at or before Seq.
type Ack struct {
	Seq uint64 `json:"seq"`
}

// Command is the envelope of a command: on the socket and as the body of a POST.
// Beside these fields stands exactly one more, whose name is the command's kind
// and whose value is its body.
type Command struct {
	ID    string        // 1 to 40 of [A-Za-z0-9_-]; unique for the link that sends it
	Base  *uint64       // the sequence that the sender's screen showed; absent: staleness is not checked
	After []string      // ids of earlier commands of the same outbox
	Until floor.Instant // wall time after which it must not be applied; 0: never
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

// ServerHello answers hello.
type ServerHello struct {
	Version  int              `json:"v"`
	Event    floor.EventID    `json:"event"`
	You      You              `json:"you"`
	Subjects string           `json:"subjects"` // the hash of the session's subjects
	Now      floor.Instant    `json:"now"`      // the node's wall time
	Clock    floor.EventClock `json:"clock"`
}

// You is who the credential says the client is, as the state has it now.
type You struct {
	Who       floor.ActorID  `json:"who"`
	Link      floor.LinkID   `json:"link"`
	Name      floor.Text     `json:"name"`
	Lead      bool           `json:"lead,omitzero"`
	Zones     []floor.ZoneID `json:"zones,omitempty"`
	Languages []floor.Lang   `json:"languages,omitempty"` // a display's
}

// Cards are a view's or a patch's cards, each as the exact bytes of its JSON.
type Cards map[floor.CardKey]json.RawMessage

// Snapshot replaces everything that the client holds. Either Cards is set, or Get:
// the path from which the cards of this position, or a later one, are fetched.
type Snapshot struct {
	At    journal.Position `json:"at"`
	Cards Cards            `json:"cards,omitempty"`
	Get   string           `json:"get,omitzero"`
}

// Patch is the exact difference between the views at two positions.
type Patch struct {
	From uint64           `json:"from"` // applies to any view at or past From and before To
	To   journal.Position `json:"to"`
	Set  Cards            `json:"set,omitempty"`
	Drop []floor.CardKey  `json:"drop,omitempty"` // sorted
}

// Pong answers ping.
type Pong struct {
	N     uint32           `json:"n"`
	Now   floor.Instant    `json:"now"`
	Clock floor.EventClock `json:"clock"`
	At    journal.Position `json:"at"` // up to here the client has been sent everything
}

// StatusFrame tells what is no part of the log. It is replaced whole.
type StatusFrame struct {
	StaleSince floor.Instant  `json:"staleSince,omitzero"` // wall time since when the journal has not answered
	Here       map[string]int `json:"here,omitempty"`      // for moderators: "live", "asleep", "gone" → attendees and interpreters
	Draining   bool           `json:"draining,omitzero"`   // this node goes away soon

	// For moderators, of the people who have not seen a notice: who is connected and
	// hidden, and who is not connected, each since a wall time; 0: not since this
	// node knows. All others of them are connected and in sight, but for More, who
	// are one or the other and not named.
	Asleep  map[floor.ActorID]floor.Instant `json:"asleep,omitempty"`
	Gone    map[floor.ActorID]floor.Instant `json:"gone,omitempty"`
	More    int                             `json:"more,omitzero"`
	Partial bool                            `json:"partial,omitzero"` // other nodes cannot be heard: all this is of this node alone
}

// Accepted says that a command is durably in the log.
type Accepted struct {
	ID    string         `json:"id"`
	Seq   uint64         `json:"seq"`             // the record that holds its changes
	Notes []*floor.Error `json:"notes,omitempty"` // soft collisions that it made
}

// Rejected says that a command has not been and will not be applied, unless the
// code's docs say to send it again.
type Rejected struct {
	ID string `json:"id"`
	Problem
}

// Problem is an error as a program and, through the catalogs, a person can read it.
type Problem struct {
	Code   string            `json:"code"`
	Params map[string]string `json:"params,omitempty"`
}
