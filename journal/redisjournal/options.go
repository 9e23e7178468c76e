package redisjournal

import (
	"context"
	"net"
	"time"
)

// Options are the settings that are not in the URL. The zero value is for a single Redis.
type Options struct {
	// Prefix begins the name of every key and channel; "" means "matchfloor:". It must not
	// contain braces, which mark the hash tags.
	Prefix string
	// WaitReplicas is how many replicas must have a write before it is acknowledged. If fewer
	// have it in time the error wraps journal.ErrUnknown, because the master has it.
	WaitReplicas int
	// WaitTimeout is how long a write waits for them; 0 means 1 s.
	WaitTimeout time.Duration
	// CA is a file of the certificate authorities (PEM) for Redis and Sentinel; "" means the
	// system's.
	CA string
	// Certificate and Key are the files (PEM) of the client certificate; both or none.
	Certificate, Key string

	dial func(ctx context.Context, network, addr string) (net.Conn, error) // for tests; nil means TCP
}
