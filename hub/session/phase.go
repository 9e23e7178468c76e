package session

import "fmt"

// phase is how far a session is.
type phase uint8

const (
	// awaitingHello: the client has not said hello, and is sent nothing.
	awaitingHello phase = iota
	// resuming: the position of the client's view is not known. Either the position
	// that it says it holds is being checked, or a snapshot is due.
	resuming
	// synced: the position of the client's view is known; patches lead it on.
	synced
	// closing: the session has a close code. Replies that wait are still sent; then the
	// connection is closed. Frames of the client are ignored.
	closing
	// closed: nothing may be sent any more.
	closed
)

var phaseNames = [...]string{"awaiting hello", "resuming", "synced", "closing", "closed"}

func (p phase) String() string { return phaseNames[p] }

// phaseAfter lists the phases that may follow each phase.
var phaseAfter = [...][]phase{
	awaitingHello: {resuming, closing, closed},
	resuming:      {synced, closing, closed},
	synced:        {resuming, closing, closed}, // resuming if the client must be sent a snapshot
	closing:       {closed},
	closed:        nil,
}

// enter moves to the next phase. It panics if next must not follow: that is a bug in
// this package, as unlocking an unlocked mutex is.
func (p *phase) enter(next phase) {
	for _, allowed := range phaseAfter[*p] {
		if next == allowed {
			*p = next
			return
		}
	}
	panic(fmt.Sprintf("session: phase %v entered from %v", next, *p))
}

// over reports whether the session is closing or closed.
func (p phase) over() bool { return p >= closing }
