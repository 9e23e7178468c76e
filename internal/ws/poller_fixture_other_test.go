//go:build !linux

package ws

import "testing"

// newCheckedPoller returns a poller, which watches nothing on this system.
func newCheckedPoller(_ testing.TB, config Config) *Poller { return NewPoller(config) }
