package main

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
)

// serveFlags are what serve is told.
type serveFlags struct {
	*flags
	where              *journalFlags
	addr, publicURL    *string
	pprofAddr          *string
	tlsCert, tlsKey    *string
	level              slog.LevelVar
	proxies            prefixList
	metricsFrom        prefixList
	maxSockets, events *int
}

func (p *program) serveFlags() *serveFlags {
	f := &serveFlags{flags: p.newFlags("serve",
		"--addr HOST:PORT (--data DIR | --redis URL --key-file F) [--public-url URL] [--tls-cert F --tls-key F] [--trusted-proxy CIDR]")}
	f.addr = f.String("addr", "127.0.0.1:8080", "the `host:port` to listen on; without a host, on every address")
	f.where = f.journalFlags(true)
	f.publicURL = f.String("public-url", "", "the `URL` under which phones reach the instance; links begin with it")
	f.tlsCert = f.String("tls-cert", "", "the `file` of the certificate, to serve HTTPS")
	f.tlsKey = f.String("tls-key", "", "the `file` of the certificate's key")
	f.Var(&f.proxies, "trusted-proxy", "the addresses (`CIDR`, several parted by commas) of proxies whose X-Forwarded-For and -Proto are believed")
	f.Var(&f.metricsFrom, "metrics-from", "the addresses (`CIDR`, several parted by commas) that may read /metrics; this machine's own where none are named")
	f.maxSockets = f.Int("max-connections", 20_000, "live connections of this node")
	f.events = f.Int("max-events", 256, "events open at the same time on this node")
	f.pprofAddr = f.String("pprof-addr", "", "the loopback `host:port` on which to serve the runtime's profiles; nowhere if not said")
	f.TextVar(&f.level, "log-level", &f.level, "`level` of the log: debug, info, warn or error")
	return f
}

// check holds the parsed flags against each other.
func (f *serveFlags) check() error {
	if err := f.where.check(); err != nil {
		return err
	}
	if (*f.tlsCert == "") != (*f.tlsKey == "") {
		return usageError("--tls-cert and --tls-key belong together")
	}
	if *f.publicURL == "" {
		return nil
	}
	u, err := url.Parse(*f.publicURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return usageError("--public-url: a URL such as https://forum.example is needed, with no path")
	}
	return nil
}

// serve runs a node until ctx ends, then drains it.
func serve(ctx context.Context, p *program, args []string) error {
	f := p.serveFlags()
	if _, err := f.parse(args, 0); err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	certificates, err := f.certificates()
	if err != nil {
		return err
	}
	endProfiles, err := profiling(ctx, *f.pprofAddr, p.logger(&f.level))
	if err != nil {
		return err
	}
	defer endProfiles()
	defer p.paceMemory()()
	keys, err := f.where.keys()
	if err != nil {
		return err
	}
	opened, err := f.where.open()
	if err != nil {
		return err
	}
	defer opened.close()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", *f.addr)
	if err != nil {
		return err
	}
	n, err := newNode(nodeOptions{
		opened: opened, keys: keys, listener: listener, tls: certificates,
		proxies: f.proxies, metricsFrom: f.metricsFrom, maxSockets: *f.maxSockets, maxEvents: *f.events, log: p.logger(&f.level),
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	return n.run(ctx, func(ctx context.Context) error {
		link, err := n.setUp(ctx, *f.publicURL)
		if err != nil {
			return err
		}
		fmt.Fprintln(p.stdout, "matchfloor serves", n.url())
		if link != "" {
			fmt.Fprintln(p.stdout, "organiser:", link)
		}
		return nil
	})
}

// certificates answers the TLS settings, or nil for plain HTTP.
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

// prefixList is a flag of networks: repeated, or parted by commas.
type prefixList []netip.Prefix

func (l *prefixList) String() string {
	var all []string
	for _, p := range *l {
		all = append(all, p.String())
	}
	return strings.Join(all, ",")
}

// Set adds networks; a single address is a network of its own.
func (l *prefixList) Set(value string) error {
	for text := range strings.SplitSeq(value, ",") {
		text = strings.TrimSpace(text)
		if ip, err := netip.ParseAddr(text); err == nil {
			*l = append(*l, netip.PrefixFrom(ip, ip.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return fmt.Errorf("%q is no network such as 10.0.0.0/8", text)
		}
		*l = append(*l, p)
	}
	return nil
}
