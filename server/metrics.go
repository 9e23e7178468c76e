package server

import (
	"net/http"
	"net/netip"
	"regexp"
	"slices"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// meters are what an operator can measure. No label holds an id of anyone or
// anything: each takes one of a few values that the program knows beforehand.
type meters struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec // seconds, by method, route and status
	commands *prometheus.CounterVec   // received, by kind and way
}

// liveHeap is what the last collection found in use: the one figure of memory that
// neither the collector's pace nor the moment of asking moves.
var liveHeap = collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile(`^/gc/heap/live:bytes$`)}

func newMeters(s *Server) *meters {
	m := &meters{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "matchfloor_http_request_seconds",
			Help:    "How long HTTP requests took, by method, route and status. A live connection counts with its handshake.",
			Buckets: []float64{.001, .005, .02, .1, .5, 1, 2.5, 10},
		}, []string{"method", "route", "status"}),
	}
	m.commands = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "matchfloor_commands_received_total",
		Help: "Commands received that could be read, by kind and by the way they came.",
	}, []string{"kind", "way"})
	sockets := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "matchfloor_live_connections",
		Help: "Open live connections of this node.",
	}, func() float64 { return float64(s.sockets.taken()) })
	m.registry.MustRegister(m.requests, m.commands, sockets, newHubMeters(s.hub),
		collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(liveHeap)), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// command counts a command that was received. Its kind is one that floor knows.
func (m *meters) command(c wire.Command, way string) {
	m.commands.WithLabelValues(string(floor.KindOf(c.Body)), way).Inc()
}

func (m *meters) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

// loopback is who may read the metrics where nobody is named.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// forwarding are the headers by which proxies say that they ask for somebody else.
var forwarding = []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded", "Via"}

// metrics answers those who may read them. To everyone else the path is not there.
func (s *Server) metrics(answer echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if len(s.options.TrustedProxies) == 0 {
			// Somebody's proxy on this machine would make everyone look like a neighbour.
			for _, name := range forwarding {
				if r.Header.Get(name) != "" {
					return refuse(http.StatusNotFound, CodeNotFound)
				}
			}
		}
		client := s.edge.client(r)
		if !slices.ContainsFunc(s.options.MetricsFrom, func(p netip.Prefix) bool { return p.Contains(client) }) {
			return refuse(http.StatusNotFound, CodeNotFound)
		}
		return answer(c)
	}
}
