// Package ops holds what operators use: metrics, health checks and the request log.
package ops

import (
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/server/reply"
	"github.com/matchfloor/matchfloor/wire"
)

// Metrics counts requests and commands, and collects what the hub counts. No label
// holds the id of a person or a thing: each has a few values that the program knows
// beforehand. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec // in seconds, by method, route and status
	commands *prometheus.CounterVec   // received, by kind and way
}

// liveHeap matches the bytes that the last garbage collection found in use. It is
// the one figure of memory that does not depend on when the collector ran or when
// the metrics are read.
var liveHeap = collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile(`^/gc/heap/live:bytes$`)}

// Sockets are the figures of a node's live connections.
type Sockets struct {
	InUse       func() int  // how many are open
	PollerWorks func() bool // whether idle ones over plain TCP wait without a goroutine
}

// NewMetrics returns the metrics of a node.
func NewMetrics(h *hub.Hub, of Sockets) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "matchfloor_http_request_seconds",
			Help:    "Duration of HTTP requests, by method, route and status. A live connection counts with its handshake.",
			Buckets: []float64{.001, .005, .02, .1, .5, 1, 2.5, 10},
		}, []string{"method", "route", "status"}),
	}
	m.commands = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "matchfloor_commands_received_total",
		Help: "Commands received that could be decoded, by kind and by the way they came.",
	}, []string{"kind", "way"})
	sockets := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "matchfloor_live_connections",
		Help: "Open live connections of this node.",
	}, func() float64 { return float64(of.InUse()) })
	poller := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "matchfloor_poller_working",
		Help: "1 if idle live connections over plain TCP wait without a goroutine each, 0 if epoll cannot wait for them here.",
	}, func() float64 {
		if of.PollerWorks() {
			return 1
		}
		return 0
	})
	m.registry.MustRegister(m.requests, m.commands, sockets, poller, newHubMetrics(h),
		collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(liveHeap)), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// CountCommand counts a command that was received. way is "post" or "live".
func (m *Metrics) CountCommand(c wire.Command, way string) {
	m.commands.WithLabelValues(string(floor.KindOf(c.Body)), way).Inc()
}

// countRequest counts a request that was answered.
func (m *Metrics) countRequest(method, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}

// MetricsReaders says who may read the metrics.
type MetricsReaders struct {
	// From holds the networks whose requests are answered, by the address that they
	// come from. The default is this machine's own addresses.
	From []netip.Prefix
	// Proxied is true if the server stands behind trusted proxies.
	Proxied bool
	// Client returns the address that a request came from.
	Client func(*http.Request) netip.Addr
}

// loopback holds the addresses of this machine.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// forwardingHeaders are headers that a proxy sets when it forwards a client's request.
var forwardingHeaders = []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded", "Via"}

// Handler serves the metrics to those who may read them. To others it is as if the
// path did not exist.
func (m *Metrics) Handler(readers MetricsReaders) echo.HandlerFunc {
	if len(readers.From) == 0 {
		readers.From = loopback
	}
	serve := echo.WrapHandler(promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	return func(c echo.Context) error {
		if !readers.include(c.Request()) {
			return reply.Refuse(http.StatusNotFound, reply.CodeNotFound)
		}
		return serve(c)
	}
}

// include reports whether a request may read the metrics.
func (m MetricsReaders) include(r *http.Request) bool {
	if !m.Proxied {
		// Through a proxy on this machine that is not named, everyone would have an
		// address of this machine.
		for _, name := range forwardingHeaders {
			if r.Header.Get(name) != "" {
				return false
			}
		}
	}
	client := m.Client(r)
	return slices.ContainsFunc(m.From, func(p netip.Prefix) bool { return p.Contains(client) })
}
