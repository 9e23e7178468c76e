//go:build !linux

// Package timerslack does nothing on this system: only Linux has a slack to set.
package timerslack

// Relax does nothing.
func Relax() {}
