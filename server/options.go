package server

import (
	"errors"
	"io/fs"
	"log/slog"
	"net/netip"
	"time"

	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/server/auth"
)

// Options configure a Server. Hub, Keys and Pages are required.
type Options struct {
	Hub  *hub.Hub
	Keys auth.Keys
	// Pages holds <page>.html for every page, and assets/, whose files change their
	// names with their contents. New reads all of it.
	Pages fs.FS
	// TrustedProxies holds the networks whose X-Forwarded-* headers are trusted. Empty
	// means none.
	TrustedProxies []netip.Prefix
	// MetricsFrom holds the networks whose requests for /metrics are answered. The
	// default is this machine's own addresses.
	MetricsFrom []netip.Prefix
	// Unready says why this node must not answer about credentials yet, or returns nil. While
	// it returns an error the API answers 503 and /readyz gives it as the reason. The default
	// always returns nil.
	Unready func() error
	// Log receives requests and failures, but no secrets, tokens, names or queries. The
	// default is slog.Default().
	Log *slog.Logger

	MaxSockets     int // live connections of this node; the default is 20,000
	MaxLinkSockets int // live connections of one link; the default is 24
	MaxUploads     int // workbooks that are read at the same time; the default is 2
	MaxRequests    int // API requests at the same time; the default is 1,024

	now func() time.Time // time.Now, except in tests
}

// withDefaults returns o with its defaults, or an error if something required is
// missing.
func (o Options) withDefaults() (Options, error) {
	if o.Hub == nil || o.Pages == nil || o.Keys.IsZero() {
		return o, errors.New("server: Hub, Keys and Pages are required")
	}
	positive := func(n *int, otherwise int) {
		if *n <= 0 {
			*n = otherwise
		}
	}
	positive(&o.MaxSockets, 20_000)
	positive(&o.MaxLinkSockets, 24)
	positive(&o.MaxUploads, 2)
	positive(&o.MaxRequests, 1024)
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Unready == nil {
		o.Unready = func() error { return nil }
	}
	if o.now == nil {
		o.now = time.Now
	}
	return o, nil
}
