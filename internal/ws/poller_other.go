//go:build !linux

package ws

// A Poller watches no connection on this system: a goroutine waits for each.
type Poller struct{ config Config }

// A pollEntry is a connection's state in its poller.
type pollEntry struct {
	id uint64 // 0: not watched
}

// NewPoller returns a poller for connections with the limits of config.
func NewPoller(config Config) *Poller { return &Poller{config: config} }

// Working returns false.
func (*Poller) Working() bool { return false }

func (*Poller) watch(*Conn)       {}
func (*Poller) park(*Conn) bool   { return false }
func (*Poller) unpark(*Conn) bool { return false }
func (*Poller) unwatch(*Conn)     {}
