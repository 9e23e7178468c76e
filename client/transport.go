package client

import (
	"time"

	"github.com/matchfloor/matchfloor/wire"
)

// Transport is a way to make the live connection. What a client folds does not
// depend on it.
type Transport uint8

// The transports.
const (
	// TransportAuto takes the WebSocket, and where no word comes over it in two tries
	// the others in turn until one does. One that has worked is given six tries.
	// From time to time it tries the WebSocket again.
	TransportAuto   Transport = iota
	TransportSocket           // the WebSocket alone
	TransportStream           // Server-Sent Events and POST alone
	TransportPoll             // long polls and POST alone
)

// The patience of TransportAuto.
const (
	triesFirst  = 2                // without a word before another way is taken
	triesProven = 6                // where the WebSocket has worked before
	proven      = 10 * time.Second // lost before this, a way has failed though a word came
	socketAgain = 5 * time.Minute  // on another way, until the WebSocket is tried again
)

// ladder chooses how to make the next connection.
type ladder struct {
	wanted Transport
	way    Transport // the one to take; auto: none was chosen yet
	tries  int       // that it has left
}

// next answers the transport to try.
func (l *ladder) next() Transport {
	switch {
	case l.wanted != TransportAuto:
		l.way = l.wanted
	case l.way == TransportAuto:
		l.way, l.tries = TransportSocket, triesFirst
	}
	return l.way
}

// ended takes how the connection over next ended.
func (l *ladder) ended(end ending) {
	if l.wanted != TransportAuto || end.way == TransportAuto {
		return
	}
	switch {
	case end.way != TransportSocket && end.lasted >= socketAgain:
		l.way, l.tries = TransportSocket, 1
	case !end.failed():
		if end.brought {
			l.tries = triesProven
		}
	default:
		if l.tries--; l.tries < 1 {
			l.way, l.tries = l.way.after(), 1
		}
	}
}

// after answers the way to take when one has failed.
func (t Transport) after() Transport {
	switch t {
	case TransportSocket:
		return TransportStream
	case TransportStream:
		return TransportPoll
	}
	return TransportSocket
}

// failed reports whether a connection ended as it does where something on the way
// does not let it through.
func (e ending) failed() bool {
	broken := e.come == wire.ComeUsual || e.come == wire.ComeNow
	return broken && (!e.brought || e.lasted < proven)
}
