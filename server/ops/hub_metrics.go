package ops

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/matchfloor/matchfloor/hub"
)

// hubMetrics is a collector of what a hub counts. Each scrape reads the hub once.
type hubMetrics struct {
	hub  *hub.Hub
	rows []hubMetric
}

// hubMetric is one figure of hub.Stats.
type hubMetric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	label []string // the value of the label; none if desc has no label
	read  func(hub.Stats) float64
}

// The metrics with one label.
var (
	commandsDesc = prometheus.NewDesc("matchfloor_commands_total",
		"Commands decided by this node, by outcome.", []string{"outcome"}, nil)
	encodedDesc = prometheus.NewDesc("matchfloor_frames_encoded_total",
		"Patches and snapshots encoded. Sessions share them, so that more are sent.", []string{"kind"}, nil)
	logLostDesc = prometheus.NewDesc("matchfloor_log_lost",
		"1 for each open log that the journal has lost: the log is empty, of another instance, or older than this node knows it. Absent for all others.", []string{"log"}, nil)
	closedDesc = prometheus.NewDesc("matchfloor_live_closed_total",
		"Live connections that this node closed, by close code.", []string{"code"}, nil)
)

func newHubMetrics(h *hub.Hub) *hubMetrics {
	m := &hubMetrics{hub: h}
	m.gauges()
	m.counters()
	return m
}

func (m *hubMetrics) gauges() {
	gauge := func(name, help string, read func(hub.Stats) int) {
		m.row(prometheus.NewDesc(name, help, nil, nil), prometheus.GaugeValue, func(s hub.Stats) float64 { return float64(read(s)) })
	}
	gauge("matchfloor_sessions", "Open sessions.", func(s hub.Stats) int { return s.Sessions })
	gauge("matchfloor_logs_open", "Logs open on this node, including the instance's.", func(s hub.Stats) int { return s.Events })
	gauge("matchfloor_logs_away", "Open logs whose journal is unreachable or takes no changes.", func(s hub.Stats) int { return s.LogsAway })
	m.row(prometheus.NewDesc("matchfloor_journal_away_seconds", "Seconds since the journal became unreachable or took no more changes, of the open log that has missed it longest; 0 if none has.", nil, nil),
		prometheus.GaugeValue, func(s hub.Stats) float64 { return s.AwayFor.Seconds() })
	gauge("matchfloor_logs_broken", "Open logs with a record that this version cannot apply.", func(s hub.Stats) int { return s.Corrupt })
	gauge("matchfloor_commands_waiting", "Commands waiting to be decided.", func(s hub.Stats) int { return s.Waiting })
}

func (m *hubMetrics) counters() {
	counter := func(desc *prometheus.Desc, read func(hub.Stats) uint64, label ...string) {
		m.row(desc, prometheus.CounterValue, func(s hub.Stats) float64 { return float64(read(s)) }, label...)
	}
	plain := func(name, help string, read func(hub.Stats) uint64) {
		counter(prometheus.NewDesc(name, help, nil, nil), read)
	}
	counter(commandsDesc, func(s hub.Stats) uint64 { return s.Accepted }, "accepted")
	counter(commandsDesc, func(s hub.Stats) uint64 { return s.Duplicates }, "repeated")
	counter(commandsDesc, func(s hub.Stats) uint64 { return s.Refused }, "refused")
	counter(commandsDesc, func(s hub.Stats) uint64 { return s.Unavailable }, "unavailable")
	plain("matchfloor_batches_total", "Batches decided.", func(s hub.Stats) uint64 { return s.Batches })
	plain("matchfloor_batch_conflicts_total", "Batches decided again because another node had appended to the log.", func(s hub.Stats) uint64 { return s.Conflicts })
	plain("matchfloor_appends_unknown_total", "Appends with an unknown outcome, sent again.", func(s hub.Stats) uint64 { return s.Unknowns })
	plain("matchfloor_appends_total", "Appends sent to the journal.", func(s hub.Stats) uint64 { return s.Appends })
	plain("matchfloor_journal_outages_total", "Times that an open log found its journal unreachable.", func(s hub.Stats) uint64 { return s.Outages })
	plain("matchfloor_log_lineages_total", "Times that a log was found to have another history.", func(s hub.Stats) uint64 { return s.Divergences })
	plain("matchfloor_log_losses_total", "Times that a log was found to be lost.", func(s hub.Stats) uint64 { return s.Losses })
	plain("matchfloor_records_given_back_total", "Records that a log had lost and that this node appended again.", func(s hub.Stats) uint64 { return s.Reappended })
	plain("matchfloor_commands_lost_total", "Commands that this node had accepted and that a log has lost for good.", func(s hub.Stats) uint64 { return s.Lost })
	plain("matchfloor_records_total", "Records applied, those of other nodes included.", func(s hub.Stats) uint64 { return s.Records })
	plain("matchfloor_frames_total", "Frames sent.", func(s hub.Stats) uint64 { return s.Frames })
	plain("matchfloor_frame_bytes_total", "Bytes of frames sent.", func(s hub.Stats) uint64 { return s.FrameBytes })
	plain("matchfloor_frame_write_errors_total", "Frames that could not be written.", func(s hub.Stats) uint64 { return s.WriteErrors })
	plain("matchfloor_states_stored_total", "State snapshots stored.", func(s hub.Stats) uint64 { return s.Snapshots })
	plain("matchfloor_beacon_errors_total", "Failures to store or read who is connected to which node.", func(s hub.Stats) uint64 { return s.PresenceErrors })
	counter(encodedDesc, func(s hub.Stats) uint64 { return s.PatchesEncoded }, "patch")
	counter(encodedDesc, func(s hub.Stats) uint64 { return s.ViewsEncoded }, "snapshot")
	counter(closedDesc, func(s hub.Stats) uint64 { return s.ClosedSilent }, "4000")
	counter(closedDesc, func(s hub.Stats) uint64 { return s.ClosedTooMany }, "4001")
	counter(closedDesc, func(s hub.Stats) uint64 { return s.ClosedOver }, "4102")
	counter(closedDesc, func(s hub.Stats) uint64 { return s.ClosedForRestart }, "1012")
	m.row(prometheus.NewDesc("matchfloor_append_seconds_total", "Total time of all appends.", nil, nil),
		prometheus.CounterValue, func(s hub.Stats) float64 { return s.AppendTime.Round(time.Microsecond).Seconds() })
}

func (m *hubMetrics) row(desc *prometheus.Desc, kind prometheus.ValueType, read func(hub.Stats) float64, label ...string) {
	m.rows = append(m.rows, hubMetric{desc, kind, label, read})
}

// Describe implements prometheus.Collector.
func (m *hubMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, r := range m.rows {
		out <- r.desc
	}
	out <- logLostDesc
}

// Collect implements prometheus.Collector.
func (m *hubMetrics) Collect(out chan<- prometheus.Metric) {
	stats := m.hub.Stats()
	for _, r := range m.rows {
		out <- prometheus.MustNewConstMetric(r.desc, r.kind, r.read(stats), r.label...)
	}
	for _, l := range stats.LostLogs {
		out <- prometheus.MustNewConstMetric(logLostDesc, prometheus.GaugeValue, 1, string(l.Log))
	}
}
