package client

import "time"

// Transport is a way to make the live connection. The view does not depend on it.
type Transport uint8

// The transports. Commands are sent by POST where the connection is no WebSocket.
const (
	// TransportAuto uses the WebSocket. After two attempts over which nothing
	// arrived it tries Server-Sent Events, then long polls, one attempt each, and
	// begins again until something arrives. A transport that has worked is given up
	// after six failed attempts. The WebSocket is tried again after five minutes on
	// another transport.
	TransportAuto   Transport = iota
	TransportSocket           // the WebSocket only
	TransportStream           // Server-Sent Events only
	TransportPoll             // long polls only
)

// The patience of TransportAuto.
const (
	firstTries  = 2                // of the WebSocket, until something has arrived over it
	provenTries = 6                // of a transport over which something has arrived
	proven      = 10 * time.Second // a connection lost earlier counts as failed even if something arrived
	socketAgain = 5 * time.Minute  // on another transport, until the WebSocket is tried again
)

// next returns the transport to try when this one has failed.
func (t Transport) next() Transport {
	switch t {
	case TransportSocket:
		return TransportStream
	case TransportStream:
		return TransportPoll
	}
	return TransportSocket
}
