package server

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/matchfloor/matchfloor/hub"
)

// hubMeters shows what a hub counts. Each scrape asks the hub once.
type hubMeters struct {
	hub  *hub.Hub
	rows []hubMeter
}

// hubMeter is one figure of a hub's statistics.
type hubMeter struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	label []string // the value of the desc's label, where it has one
	read  func(hub.Stats) float64
}

// The families with one label.
var (
	commandsDesc = prometheus.NewDesc("matchfloor_commands_total",
		"Commands answered by this node, by outcome.", []string{"outcome"}, nil)
	encodedDesc = prometheus.NewDesc("matchfloor_frames_encoded_total",
		"Patches and snapshots encoded; what was sent beyond that was shared.", []string{"kind"}, nil)
	closedDesc = prometheus.NewDesc("matchfloor_live_closed_total",
		"Live connections that this node closed, by close code.", []string{"code"}, nil)
)

func newHubMeters(h *hub.Hub) *hubMeters {
	m := &hubMeters{hub: h}
	m.gauges()
	m.counters()
	return m
}

func (m *hubMeters) gauges() {
	gauge := func(name, help string, read func(hub.Stats) int) {
		m.row(prometheus.NewDesc(name, help, nil, nil), prometheus.GaugeValue, func(s hub.Stats) float64 { return float64(read(s)) })
	}
	gauge("matchfloor_sessions", "Sessions now.", func(s hub.Stats) int { return s.Sessions })
	gauge("matchfloor_logs_open", "Logs open on this node now, the instance's included.", func(s hub.Stats) int { return s.Events })
	gauge("matchfloor_logs_away", "Open logs whose journal does not answer now.", func(s hub.Stats) int { return s.Away })
	m.row(prometheus.NewDesc("matchfloor_journal_away_seconds", "For how long the journal has not answered, of the open log that has missed it for longest; 0 while it answers.", nil, nil),
		prometheus.GaugeValue, func(s hub.Stats) float64 { return s.AwayFor.Seconds() })
	gauge("matchfloor_logs_broken", "Open logs that this version cannot fold any further.", func(s hub.Stats) int { return s.Broken })
	gauge("matchfloor_commands_waiting", "Commands that wait to be decided now.", func(s hub.Stats) int { return s.Waiting })
}

func (m *hubMeters) counters() {
	counter := func(desc *prometheus.Desc, read func(hub.Stats) uint64, label ...string) {
		m.row(desc, prometheus.CounterValue, func(s hub.Stats) float64 { return float64(read(s)) }, label...)
	}
	plain := func(name, help string, read func(hub.Stats) uint64) {
		counter(prometheus.NewDesc(name, help, nil, nil), read)
	}
	counter(commandsDesc, func(s hub.Stats) uint64 { return s.Accepted }, "accepted")
	counter(commandsDesc, func(s hub.Stats) uint64 { return s.Repeated }, "repeated")
	counter(commandsDesc, func(s hub.Stats) uint64 { return s.Refused }, "refused")
	counter(commandsDesc, func(s hub.Stats) uint64 { return s.Unavailable }, "unavailable")
	plain("matchfloor_batches_total", "Batches decided.", func(s hub.Stats) uint64 { return s.Batches })
	plain("matchfloor_batch_conflicts_total", "Batches decided again because the log had moved.", func(s hub.Stats) uint64 { return s.Conflicts })
	plain("matchfloor_appends_unknown_total", "Appends without an answer, sent again.", func(s hub.Stats) uint64 { return s.Unknowns })
	plain("matchfloor_appends_total", "Calls of the journal's append.", func(s hub.Stats) uint64 { return s.Appends })
	plain("matchfloor_journal_outages_total", "Times that the journal was noticed to be away, by log.", func(s hub.Stats) uint64 { return s.Outages })
	plain("matchfloor_log_lineages_total", "Times that a log was found to be another.", func(s hub.Stats) uint64 { return s.Lineages })
	plain("matchfloor_records_given_back_total", "Records that a log had lost and this node appended again.", func(s hub.Stats) uint64 { return s.GivenBack })
	plain("matchfloor_commands_lost_total", "Commands that this node held and a log had lost for good.", func(s hub.Stats) uint64 { return s.Lost })
	plain("matchfloor_records_total", "Records folded in, own and others'.", func(s hub.Stats) uint64 { return s.Records })
	plain("matchfloor_frames_total", "Frames sent.", func(s hub.Stats) uint64 { return s.Frames })
	plain("matchfloor_frame_bytes_total", "Bytes of frames sent.", func(s hub.Stats) uint64 { return s.FrameBytes })
	plain("matchfloor_frame_write_errors_total", "Frames that a connection did not take.", func(s hub.Stats) uint64 { return s.WriteErrors })
	plain("matchfloor_states_stored_total", "Folded states stored beside their logs.", func(s hub.Stats) uint64 { return s.SnapshotsPut })
	plain("matchfloor_beacon_errors_total", "Failures to tell or hear who is connected elsewhere.", func(s hub.Stats) uint64 { return s.BeaconErrors })
	counter(encodedDesc, func(s hub.Stats) uint64 { return s.PatchesEncoded }, "patch")
	counter(encodedDesc, func(s hub.Stats) uint64 { return s.SnapshotsEncoded }, "snapshot")
	counter(closedDesc, func(s hub.Stats) uint64 { return s.ClosedSilent }, "4000")
	counter(closedDesc, func(s hub.Stats) uint64 { return s.ClosedTooMany }, "4001")
	counter(closedDesc, func(s hub.Stats) uint64 { return s.ClosedOver }, "4102")
	counter(closedDesc, func(s hub.Stats) uint64 { return s.ClosedRestart }, "1012")
	m.row(prometheus.NewDesc("matchfloor_append_seconds_total", "Time that appends took together.", nil, nil),
		prometheus.CounterValue, func(s hub.Stats) float64 { return s.AppendTime.Round(time.Microsecond).Seconds() })
}

func (m *hubMeters) row(desc *prometheus.Desc, kind prometheus.ValueType, read func(hub.Stats) float64, label ...string) {
	m.rows = append(m.rows, hubMeter{desc, kind, label, read})
}

// Describe implements prometheus.Collector.
func (m *hubMeters) Describe(out chan<- *prometheus.Desc) {
	for _, r := range m.rows {
		out <- r.desc
	}
}

// Collect implements prometheus.Collector.
func (m *hubMeters) Collect(out chan<- prometheus.Metric) {
	stats := m.hub.Stats()
	for _, r := range m.rows {
		out <- prometheus.MustNewConstMetric(r.desc, r.kind, r.read(stats), r.label...)
	}
}
