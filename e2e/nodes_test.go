package e2e_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/server/reply"
	"github.com/matchfloor/matchfloor/wire"
)

// haproxyVenue returns a venue of two nodes behind HAProxy, as docker-compose.yml has it, and
// the URL of the balancer.
func haproxyVenue(t *testing.T) (*venue, string) {
	t.Helper()
	if _, err := exec.LookPath("haproxy"); err != nil {
		t.Skip("left out: no haproxy on this machine")
	}
	v := redisVenue(t)
	addr, _ := v.startHAProxy()
	v.importSample()
	return v, "http://" + addr
}

// startHAProxy starts HAProxy with the shipped configuration in front of the first two nodes.
// It returns HAProxy's address and output.
func (v *venue) startHAProxy() (addr string, output *lockedBuffer) {
	v.t.Helper()
	addr, output = freeAddr(v.t), &lockedBuffer{}
	c := exec.Command("haproxy", "-db", "-f", "../deploy/haproxy.cfg")
	c.Env = append(os.Environ(), "BALANCER_BIND="+addr, "NODE_A="+v.nodes[0].addr, "NODE_B="+v.nodes[1].addr)
	c.Stdout = output
	if err := c.Start(); err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { c.Process.Kill(); c.Wait() })
	eventually(v.t, 20*time.Second, "the balancer to be ready", func() error { return wantOK("http://" + addr + "/readyz") })
	return addr, output
}

// signInAt signs people in at one address.
func (v *venue) signInAt(base string, names ...string) {
	v.t.Helper()
	for _, name := range names {
		p := &person{v: v, name: name, base: base}
		v.people[name] = p
		p.dial(nil)
	}
	if v.t.Failed() {
		v.t.FailNow()
	}
}

// The shipped topology runs as processes. A command on one node is seen on the other; the
// people of a killed node reconnect to the other; a node that is stopped moves its people over
// without losing a command; and a rotated link is void on both.
func TestTwoNodes_SurviveAKillAndADrain(t *testing.T) {
	v, balancer := haproxyVenue(t)
	names := attendees(t)[:40]
	lead := v.release(v.nodes[0].url())
	v.signInAt(v.nodes[1].url(), "moderator:s2")
	v.signInAt(balancer, names...)
	v.checkConverged()
	v.measureCrossing(lead, v.people["moderator:s2"])
	v.checkRotatedLink()
	v.checkNodeKilled(names)
	v.checkNodeStopped()
}

// measureCrossing measures from a command on node A until its frame is on node B.
func (v *venue) measureCrossing(from, to *person) {
	v.t.Helper()
	var took []time.Duration
	for i := range 20 {
		n := to.frameCount()
		began := time.Now()
		if _, err := from.submit(floor.Announce{Text: floor.Text{En: fmt.Sprint(i)}, Minutes: 60}); err != nil {
			v.t.Fatal(err)
		}
		eventually(v.t, 2*time.Second, "the frame on the other node", func() error {
			if to.frameCount() == n {
				return errors.New("no frame came")
			}
			return nil
		})
		took = append(took, to.framesSince(n)[0].at.Sub(began))
	}
	slices.Sort(took)
	v.t.Logf("command on node A → frame on node B: p50 %v, max %v", took[len(took)/2], took[len(took)-1])
	if worst := took[len(took)-1]; worst > time.Second {
		v.t.Errorf("the slowest took %v", worst)
	}
}

// checkRotatedLink rotates a link and checks that its sessions close on every node within 2 s.
func (v *venue) checkRotatedLink() {
	v.t.Helper()
	const name = "attendee:k20a"
	var twice []*person
	for _, n := range v.nodes {
		p := &person{v: v, name: name, base: n.url()}
		p.dial(nil)
		twice = append(twice, p)
	}
	began := time.Now()
	v.people["moderator:s1"].mustSubmit(floor.RotateLink{Link: "attendee-k20a"})
	for _, p := range twice {
		select {
		case <-p.Done():
		case <-time.After(2 * time.Second):
			v.t.Errorf("a session of a rotated link on %s is still open after 2 s", p.base)
			continue
		}
		var refused *client.StatusError // it reconnected with its link, which is void
		if !errors.As(p.Err(), &refused) || refused.Problem.Code != reply.CodeBadLink {
			v.t.Errorf("it ended with %v", p.Err())
		}
	}
	v.t.Logf("sessions of a rotated link closed on both nodes after %v", time.Since(began).Round(time.Millisecond))
	if _, err := client.Dial(v.t.Context(), v.links[name].at(v.nodes[0].url()), client.Options{}); err == nil {
		v.t.Error("the old link signs in")
	}
	v.links = listLinks(v.t, eventID, v.storeFlags...)
	again := &person{v: v, name: name, base: v.nodes[1].url()}
	again.dial(nil)
}

// checkNodeKilled kills node A. Everyone who was connected to it must reconnect through the
// balancer and see the current state.
func (v *venue) checkNodeKilled(names []string) {
	v.t.Helper()
	v.people["moderator:s1"].Close()
	delete(v.people, "moderator:s1")
	v.nodes[0].kill()
	began := time.Now()
	v.people["moderator:s2"].mustSubmit(floor.Announce{Text: floor.Text{En: "one node was killed"}})
	v.checkConverged()
	v.t.Logf("%d phones are current %v after a node was killed", len(names), time.Since(began).Round(time.Millisecond))
	v.nodes[0].start()
}

// checkNodeStopped stops node B while commands are submitted through the balancer.
func (v *venue) checkNodeStopped() {
	v.t.Helper()
	v.people["moderator:s2"].Close()
	delete(v.people, "moderator:s2")
	v.signInAt(v.people[attendees(v.t)[0]].base, "moderator:s3")
	mod := v.people["moderator:s3"]
	before := v.logState().Seq()
	const commands = 40
	done := make(chan error, 1)
	go func() {
		for i := range commands {
			if _, err := mod.Do(v.t.Context(), wire.Command{Body: floor.LockMeeting{Meeting: "m101", Locked: i%2 == 0}}); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	took := v.nodes[1].drain()
	if took > 10*time.Second {
		v.t.Errorf("draining took %v", took)
	}
	if err := <-done; err != nil {
		v.t.Fatal(err)
	}
	if got := v.logState().Seq() - before; got != commands {
		v.t.Errorf("%d commands made %d records", commands, got)
	}
	v.checkConverged()
	v.t.Logf("a node drained in %v; %d commands under way, none lost, none twice", took.Round(time.Millisecond), commands)
}
