//go:build !linux

package server

// parks is whether an idle plain connection costs no goroutine.
const parks = false

// poller waits for nobody here: each connection has a goroutine that does.
type poller struct{}

// watched is a connection's place in a poller.
type watched struct {
	id uint64 // 0: a goroutine waits for it
}

func newPoller() *poller { return &poller{} }

func (*poller) add(*socket)         {}
func (*poller) park(*socket) bool   { return false }
func (*poller) unpark(*socket) bool { return false }
func (*poller) remove(*socket)      {}
