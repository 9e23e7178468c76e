package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
)

// truncateLua removes the last records of a log, as a failover to a replica that has not
// received them does: it changes the stream, the stream's last id, the known keys and the
// head.
const truncateLua = `
local keep = ARGV[1] .. '-0'
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '(' .. keep, '+')) do
	redis.call('XDEL', KEYS[1], entry[1])
	redis.call('HDEL', KEYS[3], entry[2][2])
end
redis.call('XSETID', KEYS[1], keep)
local last = redis.call('XRANGE', KEYS[1], keep, keep)[1][2]
redis.call('HSET', KEYS[2], 'seq', ARGV[1], 'hash', last[6])
return #redis.call('XRANGE', KEYS[1], '-', '+')`

// truncateLog removes the last n records of the event's log and returns its head.
func (v *venue) truncateLog(n int) journal.Position {
	v.t.Helper()
	keep := v.logState().Seq() - uint64(n)
	key := "matchfloor:{" + eventID + "}:"
	if got := v.redis.Do("EVAL", truncateLua, 3, key+"log", key+"meta", key+"ops", keep); got != int64(keep) {
		v.t.Fatalf("the log was cut to %v records, not %d", got, keep)
	}
	page, err := v.journal.Read(v.t.Context(), eventID, keep-1, 1)
	if err != nil || len(page.Records) != 1 {
		v.t.Fatalf("reading what was left: %v", err)
	}
	return journal.Position{Epoch: page.Head.Epoch, Seq: keep, Hash: page.Records[0].Hash}
}

// twoNodeFloor returns a venue of two nodes with people on both.
func twoNodeFloor(t *testing.T) (v *venue, lead *person) {
	v = redisVenue(t)
	v.importSample()
	v.signIn(append([]string{"moderator:s1", "moderator:s2", "runner:r1", "interpreter:i01"}, attendees(t)[:30]...)...)
	lead = v.people["moderator:s1"]
	lead.mustSubmit(floor.ReleaseSchedule{})
	v.checkConverged()
	return v, lead
}

// announce submits n announcements, alternating between the two nodes.
func (v *venue) announce(n int, text string) {
	v.t.Helper()
	for i := range n {
		by := v.people[[]string{"moderator:s1", "moderator:s2"}[i%2]]
		if _, err := by.submit(floor.Announce{Text: floor.Text{En: fmt.Sprint(text, i)}, Minutes: 60}); err != nil {
			v.t.Fatal(err)
		}
	}
}

// A failover has lost 20 acknowledged records, and nobody has appended since. The nodes append
// them again, and no screen changes.
func TestDivergence_LostRecordsAreAppendedAgain(t *testing.T) {
	v, lead := twoNodeFloor(t)
	v.announce(20, "kept ")
	v.checkConverged()
	before := v.cursor.At()
	counts := map[string]int{}
	for name, p := range v.people {
		counts[name] = p.frameCount()
	}
	began := time.Now()
	v.truncateLog(20)
	eventually(t, 15*time.Second, "the log to be complete again", func() error {
		page, err := v.journal.Read(t.Context(), eventID, before.Seq, 0)
		if err == nil && page.Head != before {
			err = fmt.Errorf("it stands at %v, before at %v", page.Head, before)
		}
		return err
	})
	t.Logf("20 lost records appended again after %v", time.Since(began).Round(time.Millisecond))
	given := 0.0
	for _, n := range v.nodes {
		given += n.metrics()["matchfloor_records_given_back_total"]
	}
	if given != 20 {
		t.Errorf("%v records were appended again", given)
	}
	v.checkConverged()
	for name, p := range v.people {
		for _, f := range p.framesSince(counts[name]) {
			if f.keys == nil {
				t.Errorf("%s was sent a snapshot", name)
			}
		}
	}
	lead.mustSubmit(floor.Announce{Text: floor.Text{En: "and on it goes"}})
	v.checkConverged()
	if shown := lostCommands(lead); len(shown) != 0 {
		t.Errorf("lost: %v", shown)
	}
}

// A failover has lost 20 acknowledged records, and another record was appended since. Every
// client reloads its view, and each lost command is reported once.
func TestDivergence_LostCommandsAreReportedOnce(t *testing.T) {
	v, lead := twoNodeFloor(t)
	v.announce(20, "lost ")
	v.checkConverged()
	var want []string
	for _, r := range v.records[len(v.records)-20:] {
		want = append(want, string(r.Key))
	}
	counts := map[string]int{}
	for name, p := range v.people {
		counts[name] = p.frameCount()
	}
	began := time.Now()
	v.truncateAndAppend(20)
	eventually(t, 20*time.Second, "the lost commands to be reported", func() error {
		if n := len(lostCommands(lead)); n != len(want) {
			return fmt.Errorf("%d are", n)
		}
		return nil
	})
	t.Logf("20 lost commands reported after %v", time.Since(began).Round(time.Millisecond))
	v.rereadLog()
	v.checkConverged()
	for name, p := range v.people {
		if !slices.ContainsFunc(p.framesSince(counts[name]), func(f frame) bool { return f.keys == nil }) {
			t.Errorf("%s received no snapshot", name)
		}
	}
	slices.Sort(want)
	if got := lostCommands(lead); !slices.Equal(got, want) {
		t.Errorf("reported are %v, lost were %v", got, want)
	}
	var named []string
	for _, r := range v.records {
		if l, ok := r.LostReport(); ok {
			named = append(named, string(l.Command))
		}
	}
	if slices.Sort(named); !slices.Equal(named, want) {
		t.Errorf("the log reports %v", named)
	}
	lead.mustSubmit(floor.Announce{Text: floor.Text{En: "and on it goes"}})
	v.checkConverged()
}

// truncateAndAppend removes n records and appends another one before the nodes have appended
// theirs again. It tries again if the nodes were faster.
func (v *venue) truncateAndAppend(n int) {
	v.t.Helper()
	head := v.logState().Seq()
	order := floor.Envelope{
		Key: "moderator-s3/elsewhere", By: "moderator:s3", Unconditional: true, ReceivedAt: floor.Instant(time.Now().UnixMilli()),
		Command: floor.Announce{Text: floor.Text{En: "written elsewhere"}},
	}
	decision, refused := floor.Decide(v.states[head-uint64(n)], order)
	if refused != nil {
		v.t.Fatal(refused)
	}
	body, err := floor.EncodeRecord(floor.Record{Key: order.Key, Kind: "announce", By: order.By, Wall: order.ReceivedAt, Changes: decision.Changes})
	if err != nil {
		v.t.Fatal(err)
	}
	for range 5 {
		at := v.truncateLog(n)
		batch := []journal.Record{{Key: journal.CommandKey(order.Key), Body: body}}
		journal.Chain(at, batch)
		result, err := v.journal.Append(v.t.Context(), eventID, at, batch, time.Time{})
		if err != nil {
			v.t.Fatal(err)
		}
		if result.Outcome == journal.Appended {
			return
		}
		eventually(v.t, 10*time.Second, "the log to be complete again", func() error {
			page, err := v.journal.Read(v.t.Context(), eventID, 0, 0)
			if err == nil && page.Head.Seq != head {
				err = errors.New("it is not")
			}
			return err
		})
	}
	v.t.Fatal("the nodes were always faster")
}

// rereadLog makes the venue read the log from its start, because its history has been
// replaced.
func (v *venue) rereadLog() {
	v.cursor = journal.NewCursor(eventID, journal.Genesis(eventID, 1))
	v.states, v.records = []floor.State{floor.New()}, nil
}

// lostCommands returns the commands that a screen shows as lost, sorted.
func lostCommands(p *person) (commands []string) {
	view := p.View()
	for key, data := range view.Cards {
		if !strings.HasPrefix(string(key), "lost/") {
			continue
		}
		var card floor.LostCard
		if err := json.Unmarshal(data, &card); err != nil {
			p.v.t.Fatalf("%s: %v", key, err)
		}
		commands = append(commands, string(card.Command))
	}
	slices.Sort(commands)
	return commands
}
