package redistest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
)

// Proxy is a toxiproxy between a client and a server.
type Proxy struct {
	Addr string // 127.0.0.1:port

	t     testing.TB
	proxy *toxiproxy.Proxy
}

// StartProxy starts a proxy for the server at upstream. It ends with the test.
func StartProxy(t testing.TB, upstream string) *Proxy {
	t.Helper()
	owner := &toxiproxy.ApiServer{
		Collection: toxiproxy.NewProxyCollection(),
		Metrics:    toxiproxy.NewMetricsContainer(nil),
		Logger:     zero(toxiproxy.ApiServer{}.Logger), // a zero logger discards everything
	}
	p := &Proxy{t: t, proxy: toxiproxy.NewProxy(owner, "redis", "127.0.0.1:0", upstream)}
	if err := p.proxy.Start(); err != nil {
		t.Fatalf("toxiproxy: %v", err)
	}
	t.Cleanup(p.proxy.Stop)
	p.Addr = p.proxy.Listen
	return p
}

// zero returns a pointer to a new zero value of T. The type of the logger is of a package that
// this module does not import.
func zero[T any](*T) *T { return new(T) }

// Add adds a toxic to all open and future connections. The attributes are JSON: `"bytes": 0`. The
// stream is "upstream" (to the server) or "downstream".
func (p *Proxy) Add(name, kind, stream, attributes string) {
	p.t.Helper()
	_, err := p.proxy.Toxics.AddToxicJson(strings.NewReader(
		fmt.Sprintf(`{"name": %q, "type": %q, "stream": %q, "toxicity": 1, "attributes": {%s}}`, name, kind, stream, attributes)))
	if err != nil {
		p.t.Fatalf("adding the toxic %s: %v", name, err)
	}
}

// Remove removes a toxic.
func (p *Proxy) Remove(name string) {
	p.t.Helper()
	if err := p.proxy.Toxics.RemoveToxic(context.Background(), name); err != nil {
		p.t.Fatalf("removing the toxic %s: %v", name, err)
	}
}

// BlackHole stops all data in both directions, on open and on new connections. New connections
// are still accepted.
func (p *Proxy) BlackHole() {
	p.Add("hole up", "timeout", "upstream", `"timeout": 0`)
	p.Add("hole down", "timeout", "downstream", `"timeout": 0`)
}

// Heal ends a black hole, and closes the connections that were in it.
func (p *Proxy) Heal() {
	p.Remove("hole up")
	p.Remove("hole down")
}

// Cut closes all connections and refuses new ones until Mend is called.
func (p *Proxy) Cut() { p.proxy.Stop() }

// Mend accepts connections again.
func (p *Proxy) Mend() {
	p.t.Helper()
	if err := p.proxy.Start(); err != nil {
		p.t.Fatalf("toxiproxy: %v", err)
	}
}
