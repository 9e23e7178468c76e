package hub

import "time"

// steady is a node's wall clock as it was read once and has run on since: setting
// the machine's clock changes nothing for the node, whose corrections come from
// the journal. Otherwise an hour's jump would bring about, and log, all that falls
// due within that hour.
type steady struct{ began time.Time }

func newSteady() steady { return steady{time.Now()} }

// at answers the wall time of a moment that time.Now told in this process.
func (s steady) at(moment time.Time) time.Time { return s.began.Add(moment.Sub(s.began)) }

func (s steady) now() time.Time { return s.at(time.Now()) }
