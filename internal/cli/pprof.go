package cli

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/matchfloor/matchfloor/internal/cli/commandline"
)

// serveProfiles serves the runtime's profiles on a loopback address until stop is called.
// If addr is "" it serves nothing.
func serveProfiles(ctx context.Context, addr string, log *slog.Logger) (stop func() error, err error) {
	if addr == "" {
		return func() error { return nil }, nil
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, commandline.UsageError("--pprof-addr: %v", err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, commandline.UsageError("--pprof-addr must be a loopback address such as 127.0.0.1:6060, because profiles reveal what is in memory")
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	routes := http.NewServeMux()
	routes.HandleFunc("/debug/pprof/", pprof.Index)
	routes.HandleFunc("/debug/pprof/profile", pprof.Profile)
	routes.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	routes.HandleFunc("/debug/pprof/trace", pprof.Trace)
	s := &http.Server{Handler: routes, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- serveUntilClosed(s, listener) }()
	log.Info("serving profiles", "addr", listener.Addr())
	return func() error { return errors.Join(s.Close(), <-ended) }, nil
}

// serveUntilClosed serves until the server is closed, which is not an error.
func serveUntilClosed(s *http.Server, listener net.Listener) error {
	if err := s.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
