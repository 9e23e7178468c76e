package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/redisjournal"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/workbook"
)

func TestManyEvents_CostFollowsWatchedEvents(t *testing.T) {
	manyEvents(t, 60, []int{3, 30}, 2*time.Second)
}
func TestTortureManyEvents_CostFollowsWatchedEvents(t *testing.T) {
	torture(t)
	manyEvents(t, 1000, []int{10, 100}, 10*time.Second)
}

// manyEvents imports a number of events into one Redis. It checks, while more and more of them
// are watched on one node, that the cost depends on how many are watched and not on how many
// exist.
func manyEvents(t *testing.T, events int, watched []int, window time.Duration) {
	redis := redistest.Start(t)
	key := writeKey(t)
	n := startNode(t, "--redis", redis.URL, "--key-file", key)
	few := measure(t, n, redis, window)
	t.Logf("no event, 0 watched: %v", few)
	links := importEvents(t, redis, key, events, watched[len(watched)-1])
	n.kill() // drops what the node remembers of the import
	n.start()
	idle := measure(t, n, redis, window)
	t.Logf("%d events, 0 watched: %v", events, idle)
	if idle.scripts > few.scripts+2 || idle.channels != few.channels || idle.routines > few.routines+10 {
		t.Errorf("unwatched events have a cost: %v without them, %v with %d", few, idle, events)
	}
	var each []cost
	for open := 0; len(watched) > 0; watched = watched[1:] {
		for ; open < watched[0]; open++ {
			watchEvent(t, n, links[open])
		}
		all := measure(t, n, redis, window)
		one := all.minus(idle).dividedBy(open)
		t.Logf("%d events, %d watched: %v; each watched one: %v", events, open, all, one)
		if all.channels != idle.channels+float64(open) {
			t.Errorf("%v channels for %d watched events, %v for none", all.channels, open, idle.channels)
		}
		each = append(each, one)
	}
	first, last := each[0], each[len(each)-1]
	if last.scripts > 1.5*first.scripts+1 || last.routines > 1.5*first.routines+1 {
		t.Errorf("a watched event costs more among many: %v, among few: %v", last, first)
	}
	if last.scripts > 8 || last.routines > 25 {
		t.Errorf("a watched event costs too much: %v", last)
	}
}

// cost is what a node and its Redis do per second, and what they have open.
type cost struct{ scripts, commands, redisCPU, nodeCPU, channels, routines float64 }

func (c cost) String() string {
	return fmt.Sprintf("%.1f scripts/s, %.1f commands/s in Redis; CPU ms/s: Redis %.2f, node %.2f; %.1f channels, %.1f goroutines",
		c.scripts, c.commands, 1000*c.redisCPU, 1000*c.nodeCPU, c.channels, c.routines)
}

func (c cost) minus(o cost) cost {
	return cost{c.scripts - o.scripts, c.commands - o.commands, c.redisCPU - o.redisCPU, c.nodeCPU - o.nodeCPU, c.channels - o.channels, c.routines - o.routines}
}

func (c cost) dividedBy(n int) cost {
	d := float64(n)
	return cost{c.scripts / d, c.commands / d, c.redisCPU / d, c.nodeCPU / d, c.channels / d, c.routines / d}
}

// measure returns the cost of the node and its Redis over a while.
func measure(t *testing.T, n *node, redis *redistest.Server, window time.Duration) cost {
	t.Helper()
	before, begun := readCost(t, n, redis), time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), window)
	defer cancel()
	<-ctx.Done()
	seconds := time.Since(begun).Seconds()
	after := readCost(t, n, redis)
	c := after.minus(before)
	return cost{c.scripts / seconds, c.commands / seconds, c.redisCPU / seconds, c.nodeCPU / seconds, after.channels, after.routines}
}

// readCost returns the totals since the start, and what is open now.
func readCost(t *testing.T, n *node, redis *redistest.Server) (c cost) {
	t.Helper()
	meters := n.metrics()
	c.nodeCPU, c.routines = meters["process_cpu_seconds_total"], meters[metricGoroutines]
	for _, section := range []string{"commandstats", "stats", "cpu"} {
		text, _ := redis.Do("INFO", section).(string)
		for line := range strings.Lines(text) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
			number, err := strconv.ParseFloat(value, 64)
			switch {
			case name == "cmdstat_evalsha", name == "cmdstat_eval":
				calls, _, _ := strings.Cut(strings.TrimPrefix(value, "calls="), ",")
				number, err = strconv.ParseFloat(calls, 64)
				c.scripts += number
			case name == "total_commands_processed":
				c.commands = number
			case name == "used_cpu_user", name == "used_cpu_sys":
				c.redisCPU += number
			default:
				continue
			}
			if err != nil {
				t.Fatalf("Redis's %s: %v", name, err)
			}
		}
	}
	channels, _ := redis.Do("PUBSUB", "CHANNELS").([]any)
	c.channels = float64(len(channels))
	return c
}

// importEvents imports a number of events and returns a moderator's link for each of the first
// ones.
func importEvents(t *testing.T, redis *redistest.Server, keyFile string, events, some int) []string {
	t.Helper()
	j, err := redisjournal.Open(redis.URL, redisjournal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	forum, faults, err := workbook.Read(strings.NewReader(string(demo.Workbook())), -1)
	if err != nil || len(faults) > 0 {
		t.Fatal(err, faults)
	}
	keys := readKeys(t, keyFile)
	began := time.Now()
	var h *hub.Hub
	var links []string
	for i := range events {
		if i%20 == 0 { // a hub follows every event that it has opened
			if h != nil {
				h.Close()
			}
			h = hub.New(j, j, hub.Options{Logger: slog.New(slog.DiscardHandler)})
			defer h.Close()
		}
		forum.Event.ID = floor.EventID(fmt.Sprintf("forum-%d", i))
		if err := hub.ImportForum(t.Context(), h, floor.Operator, "operator-test", forum); err != nil {
			t.Fatalf("event %d: %v", i, err)
		}
		if i < some {
			links = append(links, moderatorLink(t, j, keys, forum.Event.ID))
		}
	}
	t.Logf("%d events of %d people imported in %v", events, len(forum.Attendees), time.Since(began).Round(time.Millisecond))
	return links
}

func readKeys(t *testing.T, file string) auth.Keys {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := auth.NewKeys(raw)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// moderatorLink returns the link of an event's first moderator, without the instance's URL.
func moderatorLink(t *testing.T, j journal.Journal, keys auth.Keys, event floor.EventID) string {
	t.Helper()
	records, err := journal.NewCursor(journal.LogID(event), journal.Position{}).CatchUp(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	state := floor.New()
	for _, r := range records {
		record, err := floor.DecodeRecord(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		state, _ = state.Apply(record)
	}
	for _, l := range auth.LinksOf(keys, "", event, state) {
		if l.Role == floor.RoleModerator {
			return l.URL
		}
	}
	t.Fatalf("event %s has no moderator", event)
	return ""
}

// watchEvent opens a moderator's screen, which stays open until the test ends.
func watchEvent(t *testing.T, n *node, link string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, err := client.Dial(ctx, n.url()+link, client.Options{})
	if err != nil {
		t.Fatal(errors.Join(err, fmt.Errorf("output of the node: %s", n.output.String())))
	}
	t.Cleanup(func() { c.Close() })
}
