package hub_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal/faultyjournal"
	"github.com/matchfloor/matchfloor/wire"
)

// refusing makes a hub whose journal answers, and refuses the next appends to the demo's log.
func refusing(t *testing.T, appends int) (*hub.Hub, *faultyjournal.Journal, *oracle) {
	m := newMemory()
	j := faultyjournal.Wrap(m, 1, faultyjournal.Odds{})
	h := newHub(t, j, m)
	open(t, h)
	j.Script(demo, slices.Repeat([]faultyjournal.Fault{faultyjournal.Unavailable}, appends)...)
	return h, j, &oracle{mem: m}
}

// try gives a command and returns the code of its refusal, "" if it was accepted.
func try(h *hub.Hub, id string) string {
	if _, err := submit(h, demo, "moderator:lead", id, announce("tea")); err != nil {
		return codeOf(err)
	}
	return ""
}

// A journal that can be read and takes no records counts as away for as long as that lasts. It
// is tried once a second, and everything goes on with the first append that it takes.
func TestRefusedAppends_CountAsAwayUntilOneIsTaken(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, j, o := refusing(t, 20)
		p := dial(t, h, o, "moderator:lead")
		if code := try(h, "0"); code != wire.CodeUnavailable {
			t.Fatalf("the first: %q", code)
		}
		synctest.Wait()
		if s := h.Stats(); s.LogsAway != 0 {
			t.Errorf("one refusal, and the log can be read: %+v", s)
		}
		began := time.Now()
		for i := range 60 { // every 250 ms for 15 s, as several senders do
			if code := try(h, "a"); code != wire.CodeUnavailable {
				t.Fatalf("after %v: %q", time.Since(began), code)
			}
			synctest.Wait()
			if s := h.Stats(); s.LogsAway != 1 || s.AwayFor != time.Since(began) {
				t.Fatalf("after %v: %d logs away for %v", time.Since(began), s.LogsAway, s.AwayFor)
			}
			if tried, most := j.Counts().Unavailable, 2+int(time.Since(began)/time.Second); tried > most {
				t.Fatalf("after %v: %d appends, want %d at most", time.Since(began), tried, most)
			}
			time.Sleep(time.Duration(i%2) * 500 * time.Millisecond)
		}
		if tried := j.Counts().Unavailable; tried < 15 {
			t.Errorf("%d appends in 15 s", tried)
		}
		p.sync()
		if p.lastFrame("live").Live.StaleSince == 0 {
			t.Error("the moderator is not shown since when")
		}
		for left := 20 - j.Counts().Unavailable; left > 0; left-- {
			time.Sleep(time.Second)
			try(h, "a")
		}
		time.Sleep(time.Second)
		if code := try(h, "a"); code != "" {
			t.Errorf("when the journal takes records again: %q", code)
		}
		if code := try(h, "b"); code != "" {
			t.Errorf("directly after that: %q", code)
		}
		synctest.Wait()
		if s := h.Stats(); s.LogsAway != 0 || s.Outages != 2 {
			t.Errorf("afterwards: %d logs away, %d outages", s.LogsAway, s.Outages)
		}
	})
}

// Nobody tries any more: after ten seconds the log is taken to be usable, since nothing else
// would find out that it is.
func TestRefusedAppends_AreForgottenIfNobodyTries(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, _, _ := refusing(t, 2)
		try(h, "a")
		synctest.Wait()
		try(h, "a")
		time.Sleep(9900 * time.Millisecond)
		synctest.Wait()
		if s := h.Stats(); s.LogsAway != 1 {
			t.Errorf("after 9.9 s: %d logs away", s.LogsAway)
		}
		time.Sleep(1200 * time.Millisecond)
		synctest.Wait()
		if s := h.Stats(); s.LogsAway != 0 {
			t.Errorf("after 11.1 s: %d logs away", s.LogsAway)
		}
		if code := try(h, "a"); code != "" {
			t.Errorf("then: %q", code)
		}
	})
}

// A journal that then answers no longer is away for that reason, and back when it can be read.
func TestRefusedAppends_ThenAnOutage(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, j, _ := refusing(t, 2)
		try(h, "a")
		synctest.Wait()
		try(h, "a")
		j.SetUnreachable(true)
		time.Sleep(1500 * time.Millisecond)
		j.SetUnreachable(false)
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		if s := h.Stats(); s.LogsAway != 0 {
			t.Errorf("%d logs away after the outage", s.LogsAway)
		}
		if code := try(h, "a"); code != "" {
			t.Errorf("after the outage: %q", code)
		}
	})
}
