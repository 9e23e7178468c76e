package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/matchfloor/matchfloor/internal/cli/access"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/internal/node"
	"github.com/matchfloor/matchfloor/server/auth"
)

// serveFlags are the flags of serve.
type serveFlags struct {
	*commandline.Flags
	store                     *access.Flags
	tuning                    *tuningFlags
	addr, publicURL           *string
	pprofAddr                 *string
	tlsCert, tlsKey           *string
	level                     slog.LevelVar
	proxies                   prefixList
	metricsFrom               prefixList
	maxConnections, maxEvents *int
	newKey                    *bool
}

func newServeFlags(p *commandline.Program) *serveFlags {
	f := &serveFlags{Flags: commandline.NewFlags(p, "serve",
		"[--addr HOST:PORT] (--data DIR | --redis URL --key-file F) [--public-url URL] [--tls-cert F --tls-key F] [--trusted-proxy CIDR]",
		"matchfloor serve --data ./data --addr :8080",
		"matchfloor serve --data ./data --addr :443 --tls-cert cert.pem \\",
		"    --tls-key key.pem --public-url https://forum.example")}
	f.Section("Address", f.defineAddress)
	f.store = access.NewFlags(f.Flags, true)
	f.Section("If the instance key is lost", func() {
		f.newKey = f.Bool("new-key", false, "accept another instance key than the one that the links were made with, and make one "+
			"in the data directory if it is missing; every link that people have is void then")
	})
	f.Section("Limits and diagnostics", f.defineLimits)
	f.tuning = newTuningFlags(f.Flags)
	return f
}

// defineAddress defines the flags of the address and of who may use it.
func (f *serveFlags) defineAddress() {
	f.addr = f.String("addr", "127.0.0.1:8080", "the `host:port` to listen on; without a host, on every address")
	f.publicURL = f.String("public-url", "", "the `URL` under which phones reach the instance; links begin with it")
	f.tlsCert = f.String("tls-cert", "", "the `file` of the certificate, to serve HTTPS")
	f.tlsKey = f.String("tls-key", "", "the `file` of the certificate's key")
	f.Var(&f.proxies, "trusted-proxy", "networks (`CIDR`, comma-separated) of proxies whose X-Forwarded-For and X-Forwarded-Proto headers are trusted; empty means none")
}

// defineLimits defines the flags of limits, metrics and logs.
func (f *serveFlags) defineLimits() {
	f.Var(&f.metricsFrom, "metrics-from", "networks (`CIDR`, comma-separated) that may read /metrics; empty means this machine only")
	f.maxConnections = f.Int("max-connections", 20_000, "the maximum of live connections on this node")
	f.maxEvents = f.Int("max-events", 256, "the maximum of events open at the same time on this node")
	f.pprofAddr = f.String("pprof-addr", "", "the loopback `host:port` on which to serve the runtime's profiles; empty means they are not served")
	f.LogLevel(&f.level)
}

// check validates the parsed flags.
func (f *serveFlags) check() error {
	if err := f.store.Check(); err != nil {
		return err
	}
	if (*f.tlsCert == "") != (*f.tlsKey == "") {
		return commandline.UsageError("--tls-cert and --tls-key must be given together")
	}
	if *f.maxConnections < 1 || *f.maxEvents < 1 {
		return commandline.UsageError("--max-connections and --max-events must be at least 1")
	}
	if *f.publicURL == "" {
		return nil
	}
	u, err := url.Parse(*f.publicURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return commandline.UsageError("--public-url must be a URL without a path, such as https://forum.example")
	}
	if u.Scheme == "http" && *f.tlsCert != "" {
		return commandline.UsageError("with --tls-cert this node serves HTTPS only, so links that begin with %s open nothing: begin --public-url with https://", *f.publicURL)
	}
	return nil
}

// serve runs a node until ctx ends, then drains it.
func serve(ctx context.Context, p *commandline.Program, args []string) error {
	f := newServeFlags(p)
	if _, err := f.ParseArgs(args, 0); err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	p.Logger(&f.level).Info("starting", "version", version(), "addr", *f.addr) // opening the journal may take long
	certificates, err := f.certificates()
	if err != nil {
		return err
	}
	stopProfiles, err := serveProfiles(ctx, *f.pprofAddr, p.Logger(&f.level))
	if err != nil {
		return err
	}
	defer stopProfiles()
	defer f.tuning.start(p.Getenv)()
	return f.openAndRun(ctx, certificates)
}

// openAndRun opens what the node needs, runs it, and closes everything.
func (f *serveFlags) openAndRun(ctx context.Context, certificates *tls.Config) error {
	unlock, err := f.store.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	store, err := f.store.Open()
	if err != nil {
		return err
	}
	defer store.Close()
	defer node.ReportStart(ctx, store, f.Program.Logger(&f.level))()
	if store.Incomplete != nil {
		f.Program.Logger(&f.level).Warn("the journal may lack its last records", "code", "mark_missing", "err", store.Incomplete)
	}
	keys, err := f.store.Keys(ctx, store.Journal, *f.newKey)
	if err != nil {
		return err
	}
	return f.run(ctx, store, keys, certificates)
}

// run listens and runs the node. It prints the node's URL once requests are answered,
// and the first organiser's link if the instance is new.
func (f *serveFlags) run(ctx context.Context, store *node.Store, keys auth.Keys, certificates *tls.Config) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", *f.addr)
	if err != nil {
		return err
	}
	url := ownURL(listener.Addr(), certificates != nil)
	n, err := node.New(node.Options{
		Store: store, Keys: keys, NewKey: *f.newKey, Listener: listener, TLS: certificates, OwnURL: url,
		TrustedProxies: f.proxies, MetricsFrom: f.metricsFrom,
		MaxConnections: *f.maxConnections, MaxEvents: *f.maxEvents, Log: f.Program.Logger(&f.level),
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	return n.Run(ctx, func(ctx context.Context) error {
		setup, err := n.SetUp(ctx, *f.publicURL)
		if err != nil {
			return f.store.ExplainKey(err)
		}
		fmt.Fprintln(f.Program.Stdout, "matchfloor serves", url)
		if setup.OrganiserLink != "" {
			fmt.Fprintln(f.Program.Stdout, "organiser:", setup.OrganiserLink)
		}
		if hint := reachHint(url, setup.PublicURL, lanAddress()); hint != "" && *f.publicURL == "" {
			fmt.Fprintln(f.Program.Stderr, hint)
		}
		return nil
	})
}

// certificates returns the TLS settings, or nil for plain HTTP.
func (f *serveFlags) certificates() (*tls.Config, error) {
	if *f.tlsCert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(*f.tlsCert, *f.tlsKey)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert, --tls-key: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

// prefixList is a flag of networks, comma-separated. The flag may be repeated.
type prefixList []netip.Prefix

func (l *prefixList) String() string {
	var all []string
	for _, p := range *l {
		all = append(all, p.String())
	}
	return strings.Join(all, ",")
}

// Reset removes all networks.
func (l *prefixList) Reset() { *l = nil }

// Set adds networks. A single address is a network of its own.
func (l *prefixList) Set(value string) error {
	for text := range strings.SplitSeq(value, ",") {
		text = strings.TrimSpace(text)
		if ip, err := netip.ParseAddr(text); err == nil {
			*l = append(*l, netip.PrefixFrom(ip, ip.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return fmt.Errorf("%q is not a network such as 10.0.0.0/8", text)
		}
		*l = append(*l, p)
	}
	return nil
}
