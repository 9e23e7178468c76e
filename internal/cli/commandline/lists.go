package commandline

import "flag"

// list is the value of a flag that may be repeated. Reset empties it.
type list interface {
	flag.Value
	Reset()
}

// replacing is a list with a value from the environment. The first value of the command
// line replaces that, and the next ones are added.
type replacing struct {
	list
	replaced bool
}

// Set implements flag.Value.
func (r *replacing) Set(value string) error {
	if !r.replaced {
		r.replaced = true
		r.Reset()
	}
	return r.list.Set(value)
}
