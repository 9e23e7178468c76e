package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"
)

// profiling serves the runtime's profiles on an address of this machine's own, for
// whoever measures the node. The answered func ends it. With no address there is
// nothing to serve.
func profiling(ctx context.Context, addr string, log *slog.Logger) (end func() error, err error) {
	if addr == "" {
		return func() error { return nil }, nil
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, usageError("--pprof-addr: %v", err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, usageError("--pprof-addr: profiles tell what is in memory; the address must be a loopback one, such as 127.0.0.1:6060")
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
	go func() { ended <- unlessClosed(s.Serve(listener)) }()
	log.Info("profiles are served", "addr", listener.Addr())
	return func() error { return errors.Join(s.Close(), <-ended) }, nil
}
