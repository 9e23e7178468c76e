package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
	"github.com/matchfloor/matchfloor/wire"
)

// switchedAddress passes connections to one of several servers, and cuts them when it is
// turned to another one.
type switchedAddress struct {
	listener net.Listener

	mu       sync.Mutex // guards the fields below
	upstream string
	open     map[net.Conn]bool
}

func newSwitchedAddress(t *testing.T, upstream string) *switchedAddress {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &switchedAddress{listener: l, upstream: upstream, open: map[net.Conn]bool{}}
	var served sync.WaitGroup
	served.Go(func() {
		for {
			down, err := l.Accept()
			if err != nil {
				return
			}
			served.Go(func() { s.pass(down) })
		}
	})
	t.Cleanup(func() { l.Close(); s.turnTo(""); served.Wait() })
	return s
}

func (s *switchedAddress) pass(down net.Conn) {
	s.mu.Lock()
	to := s.upstream
	s.open[down] = true
	s.mu.Unlock()
	defer s.close(down)
	up, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer up.Close()
	s.mu.Lock()
	s.open[up] = true
	s.mu.Unlock()
	defer s.close(up)
	go func() { defer s.close(down); _, _ = io.Copy(down, up) }()
	_, _ = io.Copy(up, down)
}

func (s *switchedAddress) close(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Close()
	delete(s.open, c)
}

// turnTo makes a server the one behind the address.
func (s *switchedAddress) turnTo(upstream string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.upstream = upstream
	for c := range s.open {
		c.Close()
	}
}

// lossOfData is one way in which a journal loses the event.
type lossOfData struct {
	v     *venue
	why   string
	lose  func()
	bring func() // brings the data back, in the operator's way
}

func recoverFromNode(v *venue) {
	v.t.Helper()
	out, errs, code := matchfloor(v.t, "recover", "--node", v.nodes[0].url(), "--key-file", v.storeFlags[3])
	if code != 0 || !strings.Contains(out, "log "+eventID+": holds its") || !strings.Contains(out, "log _: holds its") {
		v.t.Fatalf("recover: exit %d\n%s%s", code, out, errs)
	}
}

var lossesOfData = map[string]func(*testing.T) lossOfData{
	"flushed": func(t *testing.T) lossOfData {
		v := redisVenue(t)
		return lossOfData{v: v, why: "empty", lose: func() { v.redis.Do("FLUSHALL") }, bring: func() { recoverFromNode(v) }}
	},
	"restarted without its file": func(t *testing.T) lossOfData {
		server := redistest.Start(t, "--appendonly", "no")
		v := nodesOn(t, server.URL, 2)
		v.redis = server
		return lossOfData{v: v, why: "empty", lose: func() { server.Kill(); server.Restart() }, bring: func() { recoverFromNode(v) }}
	},
	"another instance behind the address": func(t *testing.T) lossOfData {
		own, other := redistest.Start(t), redistest.Start(t)
		address := newSwitchedAddress(t, own.Addr)
		v := nodesOn(t, "redis://"+address.listener.Addr().String(), 2)
		v.redis = own
		out, errs, code := matchfloor(t, "import", "--create", v.writeWorkbook(demo.Workbook()), "--redis", other.URL)
		if code != 0 {
			t.Fatalf("import: exit %d\n%s%s", code, out, errs)
		}
		return lossOfData{v: v, why: "foreign", lose: func() { address.turnTo(other.Addr) }, bring: func() { address.turnTo(own.Addr) }}
	},
}

// The journal loses the event under two nodes. Nobody is signed out, nothing is written, a
// pending command waits, and everything goes on once the log is back.
func TestLostData_IsHeldUntilTheOperatorActs(t *testing.T) {
	for name, begin := range lossesOfData {
		t.Run(name, func(t *testing.T) {
			l := begin(t)
			v := l.v
			v.importSample()
			names := append([]string{"moderator:s1", "moderator:s2", "interpreter:i01"}, attendees(t)[:6]...)
			v.signIn(names...)
			lead := v.people["moderator:s1"]
			lead.mustSubmit(floor.ReleaseSchedule{})
			v.checkConverged()
			l.lose()
			pending := client.NewID()
			var waiting sync.WaitGroup
			waiting.Go(func() {
				lead.submitAll(t, []wire.Command{{ID: pending, Body: floor.Announce{Text: floor.Text{En: "given during the loss"}, Minutes: 60}}})
			})
			v.checkLossIsHeld(l.why, names)
			l.bring()
			waiting.Wait()
			v.checkConverged()
			page, err := v.journal.Read(t.Context(), eventID, 0, journal.MaxPage)
			if err != nil {
				t.Fatal(err)
			}
			applied := 0
			for _, r := range page.Records {
				if strings.HasSuffix(string(r.Key), "/"+pending) {
					applied++
				}
			}
			if applied != 1 {
				t.Errorf("the pending command is %d times in the log", applied)
			}
			for _, n := range v.nodes {
				eventually(t, 5*time.Second, "/readyz to say that the log is back", func() error {
					if _, body := fetchReady(t, n); strings.Contains(body, "lost") {
						return errors.New(body)
					}
					return nil
				})
			}
		})
	}
}

// checkLossIsHeld checks for some seconds that the nodes hold the event that the journal has
// lost.
func (v *venue) checkLossIsHeld(why string, names []string) {
	v.t.Helper()
	for _, name := range names {
		eventually(v.t, 10*time.Second, name+" to be told since when the view is old", func() error {
			if v.people[name].Status().StaleSince == 0 {
				return context.DeadlineExceeded
			}
			return nil
		})
	}
	log := v.journalHead()
	for i, name := range names {
		code, body := v.redeem(v.nodes[i%len(v.nodes)], name)
		if code != http.StatusOK && code != http.StatusServiceUnavailable {
			v.t.Fatalf("%s signs in with the right link: %d %s", name, code, body)
		}
	}
	looks := time.NewTicker(100 * time.Millisecond)
	defer looks.Stop()
	for range 30 {
		<-looks.C
		for _, name := range names {
			if p := v.people[name]; p.Err() != nil || len(p.View().Cards) == 0 {
				v.t.Fatalf("%s has lost the view: %v", name, p.Err())
			}
		}
		for _, n := range v.nodes {
			want := fmt.Sprintf(`{"log":%q,"why":%q`, eventID, why)
			if code, body := fetchReady(v.t, n); code != http.StatusOK || !strings.Contains(body, `"journal":"lost"`) || !strings.Contains(body, want) {
				v.t.Fatalf("/readyz: %d %s", code, body)
			}
			if n.metrics()[fmt.Sprintf("matchfloor_log_lost{log=%q}", eventID)] != 1 {
				v.t.Fatal("no metric names the event")
			}
		}
	}
	if now := v.journalHead(); now != log {
		v.t.Errorf("the lost log was at %v, and is at %v", log, now)
	}
	for _, n := range v.nodes {
		if lines := strings.Count(n.output.String(), "log="+eventID+" code=log_lost"); lines != 1 {
			v.t.Errorf("%d lines of the log name the event", lines)
		}
	}
}

// redeem signs in with a person's link, without keeping the session.
func (v *venue) redeem(n *node, name string) (int, string) {
	v.t.Helper()
	_, fragment, _ := strings.Cut(v.links[name].URL, "#")
	parts := strings.SplitN(fragment, ".", 3)
	request, err := json.Marshal(map[string]any{"event": parts[0], "link": parts[1], "secret": parts[2], "bearer": true})
	if err != nil {
		v.t.Fatal(err)
	}
	response, err := (&http.Client{Timeout: 5 * time.Second}).Post(n.url()+"/api/v1/sign-in", "application/json", bytes.NewReader(request))
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func fetchReady(t *testing.T, n *node) (int, string) {
	t.Helper()
	response, err := (&http.Client{Timeout: 5 * time.Second}).Get(n.url() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// A backup is restored into the emptied Redis while the nodes run: its new epoch wins, and a
// command that it lacks is reported.
func TestLostData_RestoreWinsNextToRunningNodes(t *testing.T) {
	v, lead := twoNodeFloor(t)
	archive := filepath.Join(t.TempDir(), "forum.archive")
	mustRun(t, "backup", append([]string{"--to", archive}, v.journalFlags()...)...)
	v.announce(1, "after the backup")
	v.checkConverged()
	v.redis.Do("FLUSHALL")
	v.checkLossIsHeld("empty", []string{"moderator:s1", "moderator:s2", "runner:r1"})
	mustRun(t, "restore", append([]string{"--from", archive}, v.journalFlags()...)...)
	v.rereadLog()
	v.cursor = journal.NewCursor(eventID, journal.Genesis(eventID, 2))
	lead.mustSubmit(floor.Announce{Text: floor.Text{En: "after the restore"}, Minutes: 60})
	v.checkConverged()
	if lost := lostCommands(lead); len(lost) != 1 {
		t.Errorf("the lost commands are %v", lost)
	}
}

// An operator repairs the head of the event's log in Redis. The nodes serve it again without a
// restart.
func TestLostData_RepairedMetaIsServedAgain(t *testing.T) {
	v, lead := twoNodeFloor(t)
	meta := "matchfloor:{" + eventID + "}:meta"
	v.redis.Do("RENAME", meta, "aside")
	v.waitForStatus(lead, "the stale status", func(s wire.StatusFrame) bool { return s.StaleSince != 0 })
	v.redis.Do("RENAME", "aside", meta)
	took := v.waitForStatus(lead, "the live status", func(s wire.StatusFrame) bool { return s.StaleSince == 0 })
	lead.mustSubmit(floor.Announce{Text: floor.Text{En: "after the repair"}, Minutes: 60})
	v.checkConverged()
	for _, n := range v.nodes {
		eventually(t, 15*time.Second, "the node to be ready", func() error { return wantOK(n.url() + "/readyz") })
	}
	t.Logf("served again after %v", took)
}
