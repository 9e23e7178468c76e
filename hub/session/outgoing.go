package session

import (
	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/wire"
)

// writeOp is the next thing to do for a session's writer.
type writeOp struct {
	kind   outgoingKind
	reply  wire.ServerFrame // of sendReply
	delta  history.Delta    // of sendPatch
	close  wire.CloseCode   // of hangUp
	status *statusFrame     // of sendStatus
}

type outgoingKind uint8

const (
	nothing outgoingKind = iota
	hangUp
	sendReply
	sendPatch
	sendSnapshot
	sendPong
	sendStatus
)
