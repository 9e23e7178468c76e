package hub

import "github.com/matchfloor/matchfloor/floor"

// ReadBy makes a hub that has opened nothing yet read records as another version of
// the program does.
func (h *Hub) ReadBy(decode func([]byte) (floor.Record, error)) { h.decode = decode }
