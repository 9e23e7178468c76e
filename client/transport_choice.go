package client

// transportChoice chooses the transport of the next connection.
type transportChoice struct {
	wanted  Transport
	current Transport // TransportAuto: none was chosen yet
	tries   int       // that current has left
}

// pick returns the transport to try.
func (t *transportChoice) pick() Transport {
	switch {
	case t.wanted != TransportAuto:
		t.current = t.wanted
	case t.current == TransportAuto:
		t.current, t.tries = TransportSocket, firstTries
	}
	return t.current
}

// record notes how the connection over the picked transport ended.
func (t *transportChoice) record(o outcome) {
	if t.wanted != TransportAuto || o.transport == TransportAuto {
		return
	}
	switch {
	case o.transport != TransportSocket && o.lasted >= socketAgain:
		t.current, t.tries = TransportSocket, 1
	case !o.blocked():
		if o.synced {
			t.tries = provenTries
		}
	default:
		if t.tries--; t.tries < 1 {
			t.current, t.tries = t.current.next(), 1
		}
	}
}
