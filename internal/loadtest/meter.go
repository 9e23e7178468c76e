//go:build linux

package loadtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// usage is what a process, or several, have used so far.
type usage struct {
	cpu time.Duration // of all its threads, user and system
	rss int64         // bytes
}

// ticks is the number of clock ticks of /proc in a second, which is the same on every Linux.
const ticks = 100

// usageOf reads a process's usage from /proc.
func usageOf(pid int) (usage, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return usage{}, err
	}
	// The name, in parentheses, may contain anything; the third field follows it.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 22 {
		return usage{}, errors.New("/proc/PID/stat has fewer than 24 fields")
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	pages, err3 := strconv.ParseInt(fields[21], 10, 64)
	return usage{
		cpu: time.Duration(user+system) * (time.Second / ticks), rss: pages * int64(os.Getpagesize()),
	}, errors.Join(err1, err2, err3)
}

// peakOf returns the most memory in bytes that a process has held since resetPeak.
func peakOf(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, errors.New("/proc/PID/status has no VmHWM")
}

// meter measures the servers: by their processes if they run on this machine, otherwise by
// their /metrics.
type meter struct {
	pids    []int
	targets []string // URLs; used if there are no pids
	http    *http.Client
}

// usage returns what all servers have used together.
func (m meter) usage(ctx context.Context) (sum usage, err error) {
	if len(m.pids) == 0 {
		return m.scrapeUsage(ctx)
	}
	for _, pid := range m.pids {
		u, err := usageOf(pid)
		if err != nil {
			return sum, fmt.Errorf("read the usage of the server's process: %w", err)
		}
		sum.cpu, sum.rss = sum.cpu+u.cpu, sum.rss+u.rss
	}
	return sum, nil
}

// resetPeak makes the servers' peaks begin with what they hold now. See proc(5), clear_refs.
func (m meter) resetPeak() error {
	for _, pid := range m.pids {
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil {
			return fmt.Errorf("reset the peak of the server's memory: %w", err)
		}
	}
	return nil
}

// peak returns the sum of the servers' peaks, or 0 if they do not run on this machine.
func (m meter) peak() (sum int64, err error) {
	for _, pid := range m.pids {
		most, err := peakOf(pid)
		if err != nil {
			return 0, fmt.Errorf("read the peak of the server's memory: %w", err)
		}
		sum += most
	}
	return sum, nil
}

func (m meter) scrapeUsage(ctx context.Context) (sum usage, err error) {
	for _, target := range m.targets {
		values, err := m.metrics(ctx, target)
		if err != nil {
			return sum, fmt.Errorf("read the server's metrics: %w", err)
		}
		sum.cpu += time.Duration(values["process_cpu_seconds_total"] * float64(time.Second))
		sum.rss += int64(values["process_resident_memory_bytes"])
	}
	return sum, nil
}

// metrics returns a server's metrics without labels.
func (m meter) metrics(ctx context.Context, target string) (map[string]float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	r, err := m.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s/metrics responded with status %d", target, r.StatusCode)
	}
	values := map[string]float64{}
	lines := bufio.NewScanner(r.Body)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if number, err := strconv.ParseFloat(value, 64); ok && err == nil && name != "#" {
			values[name] = number
		}
	}
	return values, lines.Err()
}

// socketMemory returns the size in bytes of the buffers of all TCP sockets of this machine:
// both ends of loopback connections, and those of other programs.
func socketMemory() (int64, error) {
	text, err := os.ReadFile("/proc/net/sockstat")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "TCP:" {
			continue
		}
		for i := 1; i+1 < len(fields); i += 2 {
			if fields[i] == "mem" {
				pages, err := strconv.ParseInt(fields[i+1], 10, 64)
				return pages * int64(os.Getpagesize()), err
			}
		}
	}
	return 0, errors.New("/proc/net/sockstat has no TCP memory")
}
