//go:build !linux

package cli

// relaxTimers does nothing: only Linux has a timer slack to set.
func relaxTimers([]string, func(string) string) {}
