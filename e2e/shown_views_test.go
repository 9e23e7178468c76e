package e2e_test

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// viewLog records every view that a screen has shown, as a sum over its cards, to compare it
// with the log's state at its position.
type viewLog struct {
	seed maphash.Seed

	mu    sync.Mutex // guards the fields below
	shown []shownView
	wrong []string // faults that were noticed in a view itself
}

// shownView is one view: its person, its position and its sum.
type shownView struct {
	who floor.ActorID
	seq uint64
	sum uint64
}

func newViewLog() *viewLog { return &viewLog{seed: maphash.MakeSeed()} }

// cardSum returns a hash of a card. The hashes of a view's cards are added up.
func (l *viewLog) cardSum(key floor.CardKey, card []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(l.seed)
	h.WriteString(string(key))
	h.WriteByte('\n')
	h.Write(card)
	return h.Sum64()
}

// observe returns a function that records the frames of one screen.
func (l *viewLog) observe(who floor.ActorID) func(client.ViewChange) {
	return l.observeResumed(who, nil)
}

// observeResumed is observe for a screen that starts with a saved view.
func (l *viewLog) observeResumed(who floor.ActorID, saved *client.SavedView) func(client.ViewChange) {
	sums := map[floor.CardKey]uint64{}
	seats := map[string]int{} // by meeting, on a display
	total := uint64(0)
	put := func(key floor.CardKey, sum uint64, cards int) {
		total += sum - sums[key]
		if _, meeting, ok := strings.Cut(string(key), ":"); ok && strings.HasPrefix(string(key), "seat/") {
			if _, before := sums[key]; cards < 0 || !before {
				seats[meeting] += cards
			}
		}
		sums[key] = sum
		if cards < 0 {
			delete(sums, key)
		}
	}
	if saved != nil {
		for key, card := range saved.Cards {
			put(key, l.cardSum(key, card), 1)
		}
	}
	return func(a client.ViewChange) {
		if a.Snapshot {
			clear(sums)
			clear(seats)
			total = 0
		}
		for key, card := range a.Set {
			put(key, l.cardSum(key, card), 1)
		}
		for _, key := range a.Drop {
			if _, there := sums[key]; there {
				put(key, 0, -1)
			}
		}
		l.add(shownView{who, a.To.Seq, total}, a, seats)
	}
}

func (l *viewLog) add(s shownView, a client.ViewChange, seats map[string]int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shown = append(l.shown, s)
	for key := range a.Set {
		if _, meeting, ok := strings.Cut(string(key), ":"); ok && seats[meeting] > 1 {
			l.wrong = append(l.wrong, fmt.Sprintf("%s shows %s at %d tables at %d", s.who, meeting, seats[meeting], s.seq))
		}
	}
}

// recorded returns the views and faults so far. It holds the lock only to copy them: a client whose
// frame waits for the lock acknowledges nothing, and the server closes it after 15 s.
func (l *viewLog) recorded() (shown []shownView, wrong []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.shown), slices.Clone(l.wrong)
}

// maxCompared bounds how many views of a role are compared. Of more views, only every n-th is.
var maxCompared = map[floor.Role]int{floor.RoleModerator: 500, floor.RoleDisplay: 2000, floor.RoleAttendee: 20_000, floor.RoleInterpreter: 2000}

// checkShownViews compares the shown views with the log. In the log every meeting has one
// place, so no screen may have shown two.
func (v *venue) checkShownViews(g *viewLog) {
	v.t.Helper()
	// The log is read after the views: deliveries of notices are still being recorded, and a
	// view is shown only after its record is in the log.
	shown, wrong := g.recorded()
	v.logState()
	for _, w := range wrong[:min(len(wrong), 5)] {
		v.t.Error(w)
	}
	began, checked := time.Now(), 0
	byRole := map[floor.Role][]shownView{}
	for _, s := range shown {
		role := s.who.Role()
		if role == floor.RoleRunner { // has a moderator's view
			role = floor.RoleModerator
		}
		byRole[role] = append(byRole[role], s)
	}
	for role, all := range byRole {
		step := len(all)/maxCompared[role] + 1
		for i := len(all) - 1; i >= 0; i -= step {
			checked++
			if want := v.viewSumAt(g, all[i]); want != all[i].sum {
				v.t.Fatalf("%s has not shown the log's state at %d", all[i].who, all[i].seq)
			}
		}
	}
	v.t.Logf("%d views were shown; %d compared with the log in %v, all match", len(shown), checked, time.Since(began).Round(time.Millisecond))
}

func (v *venue) viewSumAt(g *viewLog, s shownView) (sum uint64) {
	if s.seq >= uint64(len(v.states)) {
		v.t.Fatalf("%s was at %d; the log ends at %d", s.who, s.seq, len(v.states)-1)
	}
	state := v.states[s.seq]
	for key, card := range state.View(state.Subjects(s.who)...) {
		sum += g.cardSum(key, wire.EncodeCard(card))
	}
	return sum
}
