//go:build !linux

package main

import (
	"context"
	"errors"
)

// measureLoad needs Linux: ten thousand sockets on one goroutine, and /proc.
func measureLoad(context.Context, *program, []string) error {
	return errors.New("load runs on Linux only")
}
