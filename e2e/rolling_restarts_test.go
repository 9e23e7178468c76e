package e2e_test

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// The nodes behind the shipped balancer are stopped in good order and started again, one after
// the other, under load.
func TestRollingRestarts_LoseNothing(t *testing.T) { restartNodes(t, 2, 12, 0) }

func TestTortureRollingRestarts_LoseNothing(t *testing.T) {
	torture(t)
	restartNodes(t, 100, 30, time.Second)
}

func restartNodes(t *testing.T, times, phones int, apart time.Duration) {
	if _, err := exec.LookPath("haproxy"); err != nil {
		t.Fatal("haproxy is not on this machine")
	}
	v := nodesVenue(t, 2)
	addr, haproxy := v.startHAProxy()
	s := startLoad(v, newClientBalancer(addr), 100, onlookers(t, phones)...)
	var drains []time.Duration
	for range times {
		for i, n := range v.nodes {
			sleep(t.Context(), apart)
			drains = append(drains, n.drain())
			if code := n.cmd.ProcessState.ExitCode(); code != 0 {
				t.Errorf("a stopped node ended with %d", code)
			}
			n.start()
			asked := n.readyzRequests()
			eventually(t, 20*time.Second, "the balancer to send people to a node again", func() error {
				if n.readyzRequests() == asked { // its state is from before the restart
					return errors.New("it has not requested /readyz")
				}
				return haproxy.up("ab"[i : i+1])
			})
		}
	}
	s.finish()
	ends := s.balancer.disconnects
	t.Logf("%d rolling restarts of two nodes: drained in p50 %v, at most %v; of %d connections that ended, %d were closed with 1012, %d otherwise",
		times, percentile(drains, 50), percentile(drains, 100), ends.all.Load(), ends.soon.Load(), ends.later.Load())
	if longest := percentile(drains, 100); longest > 10*time.Second {
		t.Errorf("draining took %v", longest)
	}
	if soon, least := ends.soon.Load(), int64(times*len(v.people)/2); soon < least {
		t.Errorf("only %d connections were closed with 1012", soon)
	}
}

// readyzRequests returns how often the node's /readyz was requested.
func (n *node) readyzRequests() float64 {
	return n.metrics()[`matchfloor_http_request_seconds_count{method="GET",route="/readyz",status="200"}`]
}

// up returns nil unless HAProxy's last message about a server says that it is down.
func (b *lockedBuffer) up(server string) error {
	last := ""
	for line := range strings.Lines(b.String()) {
		if strings.Contains(line, "Server nodes/"+server+" is ") {
			last = line
		}
	}
	if strings.Contains(last, " is DOWN") {
		return errors.New(strings.TrimSpace(last))
	}
	return nil
}
