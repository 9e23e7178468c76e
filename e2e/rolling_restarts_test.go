package e2e_test

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Rolling restarts behind the shipped balancer, with people at work: one node
// after the other is stopped in good order and started anew.
func TestRollingRestarts_LoseNothing(t *testing.T) { restartNodes(t, 2, 12, 0) }

// TestTortureRollingRestarts_LoseNothing is the whole of it: a hundred times both nodes.
func TestTortureRollingRestarts_LoseNothing(t *testing.T) {
	torture(t)
	restartNodes(t, 100, 30, time.Second)
}

func restartNodes(t *testing.T, times, phones int, apart time.Duration) {
	if _, err := exec.LookPath("haproxy"); err != nil {
		t.Fatal("haproxy is not on this machine")
	}
	seed := testSeed(t)
	v := nodesVenue(t, 2)
	addr, said := v.startHAProxy()
	s := startLoad(v, seed, newClientBalancer(addr), 100, onlookers(t, phones)...)
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
				if n.readyzRequests() == asked { // what it believes is of before the restart
					return errors.New("it has not asked")
				}
				return said.up("ab"[i : i+1])
			})
		}
	}
	s.end()
	v.checkConverged()
	s.audit()
	ends := s.balancer.disconnects
	t.Logf("%d rolling restarts of two nodes: drained in p50 %v, at most %v; of %d connections that ended, %d were told to come back soon (1012), %d later",
		times, percentile(drains, 50), percentile(drains, 100), ends.all.Load(), ends.soon.Load(), ends.later.Load())
	if longest := percentile(drains, 100); longest > 10*time.Second {
		t.Errorf("draining took %v", longest)
	}
	if told, most := ends.soon.Load(), int64(times*len(v.people)/2); told < most {
		t.Errorf("only %d connections were closed with 1012", told)
	}
}

// readyzRequests answers how often the node was asked whether it is ready.
func (n *node) readyzRequests() float64 {
	return n.metrics()[`matchfloor_http_request_seconds_count{method="GET",route="/readyz",status="200"}`]
}

// up answers nil unless the last thing that HAProxy has said of a server is that
// it is down.
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
