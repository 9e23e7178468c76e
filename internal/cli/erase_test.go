package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/internal/cli/access"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/internal/node"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/archive"
	"github.com/matchfloor/matchfloor/journal/faultyjournal"
)

// sampleNames returns all names of the sample forum, in every language, with their owners.
func sampleNames(t *testing.T) map[string]floor.ActorID {
	t.Helper()
	forum, err := demo.Forum()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]floor.ActorID{}
	add := func(w floor.ActorID, n floor.Text) {
		for _, name := range []string{n.Ko, n.Zh, n.En} {
			if name != "" {
				names[name] = w
			}
		}
	}
	for _, a := range forum.Attendees {
		add(floor.NewActorID(floor.RoleAttendee, a.ID), a.Name)
	}
	for _, s := range forum.Staff {
		add(s.ActorID(), s.Name)
	}
	for _, i := range forum.Interpreters {
		add(floor.NewActorID(floor.RoleInterpreter, i.ID), i.Name)
	}
	return names
}

// bytesOf returns the content of all files of a directory.
func bytesOf(t *testing.T, dir string) []byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var all []byte
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, content...)
	}
	return all
}

// After the command no file of the data directory contains a name, and there is nothing
// left to erase. Links and the number of records are unchanged.
func TestErase_FilesContainNoName(t *testing.T) {
	dir, names := t.TempDir(), sampleNames(t)
	for range 2 {
		wantRun(t, commandline.ExitOK, "green-2026", "import", "--create", "--data", dir, sampleWorkbook(t))
	}
	before := bytesOf(t, dir)
	for name, who := range names {
		if !bytes.Contains(before, []byte(name)) {
			t.Fatalf("the name of %s is not in the file before", who)
		}
	}
	erased := wantRun(t, commandline.ExitOK, "people erased: 160;", "erase", "--data", dir, "--event", "green-2026", "--everyone")
	after := bytesOf(t, dir)
	for name, who := range names {
		if bytes.Contains(after, []byte(name)) || strings.Contains(erased.stdout+erased.stderr, name) {
			t.Errorf("the name of %s is in the directory or in the output", who)
		}
	}
	if len(names) < 400 {
		t.Errorf("only %d names were checked", len(names))
	}
	again := wantRun(t, commandline.ExitOK, "nothing to erase; people who appear only as ids: 160", "erase", "--data", dir, "--event", "green-2026", "--everyone")
	if strings.Contains(again.stdout, "erased: ") || !strings.Contains(erased.stdout, "in 2 of 2 records; at 2/2/") {
		t.Errorf("erased: %s; again: %s", erased.stdout, again.stdout)
	}
	wantRun(t, commandline.ExitOK, "log green-2026: 2 records, at 2/2/", "verify", "--data", dir)
	links := wantRun(t, commandline.ExitOK, "attendee-k01a", "links", "--data", dir, "--event", "green-2026")
	if !strings.Contains(links.stdout, "  k01a\n") {
		t.Errorf("the name is not the id in %.400s", links.stdout)
	}
}

func TestErase_RejectsWrongArguments(t *testing.T) {
	dir := t.TempDir()
	for name, args := range map[string][]string{
		"no person":                {"--event", "e"},
		"a person and everyone":    {"--event", "e", "--person", "attendee:a", "--everyone"},
		"no event":                 {"--person", "attendee:a"},
		"everyone of no event":     {"--everyone"},
		"due of one event":         {"--due", "--event", "e"},
		"a display":                {"--event", "e", "--person", "display:d"},
		"a name":                   {"--event", "e", "--person", "Kim Seoyeon"},
		"no id":                    {"--event", "e", "--person", "attendee:"},
		"an organiser of an event": {"--event", "e", "--person", "organiser:o"},
		"the instance's log":       {"--event", "_", "--everyone"},
		"a path":                   {"--event", "../x", "--everyone"},
	} {
		if o := runOnce(t, append([]string{"erase", "--data", dir}, args...)); o.code != commandline.ExitUsage {
			t.Errorf("%s: %+v", name, o)
		}
	}
	wantRun(t, commandline.ExitUsage, "--data", "erase", "--event", "e", "--everyone")
	wantRun(t, commandline.ExitFailed, "no instance", "erase", "--data", filepath.Join(dir, "none"), "--due")
	wantRun(t, commandline.ExitOK, "", "import", "--create", "--data", dir, sampleWorkbook(t))
	wantRun(t, commandline.ExitFailed, "no event", "erase", "--data", dir, "--event", "other", "--everyone")
	wantRun(t, commandline.ExitFailed, "there is no attendee:k99", "erase", "--data", dir, "--event", "green-2026", "--person", "attendee:k99")
	wantRun(t, commandline.ExitOK, "no event's purge date", "erase", "--data", dir, "--due")
}

// newErasure returns a run of the command over a store, which does not wait for nodes.
func newErasure(s *store) *erasure { return &erasure{p: s.p, store: s.Store} }

// Only events whose purge date has passed at the wall time are erased, also if another
// event cannot be.
func TestErase_DueEventsOnly(t *testing.T) {
	at := floor.Instant(1_800_000_000_000)
	store := newStore(t, sampleForum(t, "broken", at), sampleForum(t, "kept", 0), sampleForum(t, "later", at+1), sampleForum(t, "past", at))
	e, memory, out := newErasure(store), store.memory, store.out
	epochs := func() (epochs string) {
		for _, log := range []journal.LogID{"broken", "kept", "later", "past"} {
			page, err := memory.Read(t.Context(), log, 0, 0)
			if err != nil {
				t.Fatal(err)
			}
			epochs += fmt.Sprint(page.Head.Epoch)
		}
		return epochs
	}
	if err := e.eraseDue(t.Context(), at-1); err != nil || epochs() != "1111" || !strings.Contains(out.String(), "no event's") {
		t.Fatalf("too early: %v; %s; %s", err, epochs(), out)
	}
	e.store.Journal = damagedLog{memory, "broken"}
	if err := e.eraseDue(t.Context(), at); !errors.Is(err, journal.ErrCorrupt) || epochs() != "1112" {
		t.Fatalf("on time: %v; %s; %s", err, epochs(), out)
	}
	e.store.Journal = memory
	if err := e.eraseDue(t.Context(), at+1); err != nil || epochs() != "2122" {
		t.Fatalf("later: %v; %s; %s", err, epochs(), out)
	}
	if err := e.finish(t.Context()); err != nil {
		t.Error(err)
	}
	past, err := access.State(t.Context(), memory, "past")
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := past.Profile("attendee:k01a"); !ok || p.Name != (floor.Text{En: "k01a"}) {
		t.Errorf("an attendee of the past: %+v, %v", p, ok)
	}
}

// busyLog is a journal in which another process appends to a log before each of the next
// replacements.
type busyLog struct {
	journal.Journal
	times int
}

func (b *busyLog) Replace(ctx context.Context, log journal.LogID, expect journal.Position, records []journal.Record) (journal.Position, error) {
	if b.times--; b.times >= 0 {
		body, err := floor.EncodeRecord(floor.Record{Key: "k", Changes: []floor.Change{floor.Announced{Announcement: floor.Announcement{ID: "a", Text: floor.Text{Ko: "김서연"}}}}})
		if err != nil {
			return expect, err
		}
		batch := []journal.Record{{Key: journal.CommandKey(fmt.Sprint("busy-", b.times)), Body: body}}
		journal.Chain(expect, batch)
		if _, err := b.Append(ctx, log, expect, batch, time.Time{}); err != nil {
			return expect, err
		}
	}
	return b.Journal.Replace(ctx, log, expect, records)
}

// A record that is appended while the log is read is neither lost nor left unerased.
func TestErase_KeepsAndErasesConcurrentAppends(t *testing.T) {
	for times, ok := range map[int]bool{3: true, eraseAttempts: false} {
		memory := newStore(t, sampleForum(t, "busy", 0)).memory
		erased, at, err := eraseFrom(t.Context(), &busyLog{memory, times}, "busy", "")
		if !ok {
			if !errors.Is(err, journal.ErrPositionMismatch) {
				t.Errorf("%d times busy: %v", times, err)
			}
			continue
		}
		l, readErr := archive.ReadLog(t.Context(), memory, "busy")
		if err != nil || readErr != nil || len(l.Records) != 1+times || at != l.Head() || erased.Texts < times || bytes.Contains(l.Records[times].Body, []byte("김서연")) {
			t.Errorf("%d times busy: %d records, %d texts, %v %v", times, len(l.Records), erased.Texts, err, readErr)
		}
	}
}

// With every outcome of the journal, known or unknown, the log is either erased once or
// the caller gets an error.
func TestErase_UnknownOutcomesEndErasedOnceOrReported(t *testing.T) {
	failed, once := 0, 0
	for seed := range uint64(40) {
		memory := newStore(t, sampleForum(t, "far", 0)).memory
		j := faultyjournal.Wrap(memory, seed, faultyjournal.Odds{Persisted: 0.4, Lost: 0.3, Unavailable: 0.1, ReadFails: 0.1})
		erased, at, err := eraseFrom(t.Context(), j, "far", "")
		j.Settle()
		page, readErr := memory.Read(t.Context(), "far", 0, 1)
		if readErr != nil {
			t.Fatal(readErr)
		}
		if err != nil {
			failed++
			continue
		}
		once++
		if page.Head != at || at.Epoch != 2 || erased.People != 160 || len(erased.Changed) != 1 {
			t.Errorf("seed %d: at %v, returned %v; %d people", seed, page.Head, at, erased.People)
		}
	}
	if failed == 0 || once < 10 {
		t.Errorf("%d erased, %d failed", once, failed)
	}
}

// A node that has not noticed the erasure cannot store a snapshot of the former epoch.
// A snapshot that is stored under the new epoch is dropped.
func TestErase_DropsSnapshotsOfTheFormerEpoch(t *testing.T) {
	store := newStore(t, sampleForum(t, "late", 0))
	e, memory := newErasure(store), store.memory
	page, err := memory.Read(t.Context(), "late", 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.eraseLog(t.Context(), "late", "attendee:k01a"); err != nil {
		t.Fatal(err)
	}
	if err := memory.PutSnapshot(t.Context(), "late", page.Head, []byte("김서연")); !errors.Is(err, journal.ErrPositionMismatch) {
		t.Errorf("a snapshot of the former epoch: %v", err)
	}
	page.Head.Epoch++
	if err := memory.PutSnapshot(t.Context(), "late", page.Head, []byte("김서연")); err != nil {
		t.Fatal(err)
	}
	if err := e.finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, state, ok, err := memory.Snapshot(t.Context(), "late"); ok || err != nil {
		t.Errorf("the snapshot is %q, %v", state, err)
	}
}

// scrubbedLog is a journal whose files must be scrubbed.
type scrubbedLog struct {
	*journal.Memory
	t     *testing.T
	times int
	err   error
}

func (s *scrubbedLog) Scrub(ctx context.Context) error {
	s.times++
	if _, _, ok, err := s.Snapshot(ctx, "x"); ok || err != nil {
		s.t.Errorf("scrubbed while a snapshot is stored, or %v", err)
	}
	return s.err
}

// Files are scrubbed last, also if an earlier run has erased the log. A failure is
// reported.
func TestErase_ScrubsFilesLast(t *testing.T) {
	store := newStore(t, sampleForum(t, "x", 0))
	e, memory := newErasure(store), store.memory
	s := &scrubbedLog{Memory: memory, t: t, err: journal.ErrUnavailable}
	e.store.Journal = s
	for times := range 2 {
		if err := memory.PutSnapshot(t.Context(), "x", journal.Position{Epoch: uint64(times) + 1}, []byte("late")); err != nil {
			t.Fatal(err)
		}
		if err := e.eraseLog(t.Context(), "x", ""); err != nil {
			t.Fatal(err)
		}
		if err := e.finish(t.Context()); !errors.Is(err, s.err) || s.times != times+1 || times == 0 && !strings.Contains(err.Error(), "again") {
			t.Errorf("scrubbed %d times: %v", s.times, err)
		}
		s.err = nil
	}
}

// An organiser is erased from the instance's log.
func TestErase_OrganiserOfTheInstance(t *testing.T) {
	store := newStore(t, sampleForum(t, "x", 0))
	e, memory, out := newErasure(store), store.memory, store.out
	h := hub.New(memory, memory, hub.Options{})
	_, err := h.Submit(t.Context(), journal.InstanceLog, floor.Envelope{
		Key: node.OperatorLink + "/1", By: floor.Operator, Unconditional: true, Command: floor.AddOrganiser{Organiser: "o1", Name: "한지우"},
	})
	err = errors.Join(err, h.Close())
	if err == nil {
		err = e.eraseLog(t.Context(), journal.InstanceLog, "organiser:o1")
	}
	if err != nil || !strings.Contains(out.String(), "log _: people erased: 1;") {
		t.Fatalf("%v; %s", err, out)
	}
	state, err := access.State(t.Context(), memory, journal.InstanceLog)
	if p, ok := state.Profile("organiser:o1"); err != nil || !ok || p.Name.En != "o1" {
		t.Errorf("%+v, %v", p, err)
	}
}
