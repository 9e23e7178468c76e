//go:build linux

package loadtest

import (
	"slices"
	"sort"
	"time"
)

// Result has the results of a scenario. A field that a scenario does not measure is left
// out.
type Result struct {
	Scenario string   `json:"scenario"`
	Server   string   `json:"server"` // "matchfloor" or "chat"
	Phones   int      `json:"phones"`
	Consoles int      `json:"consoles"`
	Tuning   []string `json:"tuning,omitzero"` // of the server: see Options
	Seconds  float64  `json:"seconds"`         // the duration of the measurement
	Conditions

	ConnectsPerSecond float64 `json:"connectsPerSecond"` // connections with a first view, per second
	Commands          int     `json:"commands,omitempty"`
	CommandsPerSecond float64 `json:"commandsPerSecond,omitempty"`
	Deliveries        int     `json:"deliveries,omitempty"` // frames that moved a view of a phone or console
	FrameBytes        int     `json:"frameBytes,omitempty"` // the average size of a phone's frame

	Latency      *Latency `json:"latency,omitempty"`      // from sending a command to the frame of a phone
	OtherLatency *Latency `json:"otherLatency,omitempty"` // slow: of the phones that continue to read
	QuietLatency *Latency `json:"quietLatency,omitempty"` // slow: of all phones, before some stop reading

	ServerCPU     float64 `json:"serverCPUSeconds"`
	CPUDelivery   float64 `json:"serverMicrosPerDelivery,omitempty"`
	CPUCommand    float64 `json:"serverMicrosPerCommand,omitempty"`
	RSS           int64   `json:"serverRSS"`                          // in bytes, of all servers, at the end
	PeakRSS       int64   `json:"serverPeakRSS,omitempty"`            // storm: the most in bytes since the connections broke, if the servers run on this machine
	RSSConnection float64 `json:"serverRSSPerConnection,omitempty"`   // growth since before the connections
	KernelSocket  float64 `json:"kernelBytesPerConnection,omitempty"` // socket buffers of both ends; slow: of a phone that does not read

	// OwnPause is the longest round of the phones' loop, during which it did not read its
	// sockets: a latency of about this size says nothing about the server.
	OwnPause float64 `json:"ownPauseMillis,omitempty"`

	LastWhole float64        `json:"lastWholeMillis,omitempty"`
	Lost      int            `json:"lost"` // changes that did not reach a phone that they concern
	Broken    int            `json:"brokenConnections"`
	Reasons   map[string]int `json:"reasons,omitempty"`
	Digests   viewChecks     `json:"digests"`
}

// Latency has the percentiles of n latencies, in milliseconds.
type Latency struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

func latencyOf(all []time.Duration) *Latency {
	if len(all) == 0 {
		return nil
	}
	slices.Sort(all)
	at := func(share float64) float64 { return millis(all[min(int(share*float64(len(all))), len(all)-1)]) }
	return &Latency{N: len(all), P50: at(.5), P99: at(.99), Max: millis(all[len(all)-1])}
}

func millis(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
}

// latencies returns how long each change took to each of the phones that it concerns and
// that counts accepts, and how many never received it.
func latencies(changes []change, all []*phone, counts func(*phone) bool) (took []time.Duration, lost int) {
	for _, c := range changes {
		phones := c.phones
		if phones == nil {
			phones = all
		}
		for _, p := range phones {
			if counts != nil && !counts(p) {
				continue
			}
			i := sort.Search(len(p.arrivals), func(i int) bool { return p.arrivals[i].seq >= c.seq })
			if i == len(p.arrivals) {
				lost++
				continue
			}
			took = append(took, p.arrivals[i].at.Sub(c.sent))
		}
	}
	return took, lost
}
