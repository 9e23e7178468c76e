package e2e_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
)

// While nodes run, one person is erased, and then everyone. Within seconds every screen shows
// the new log, no screen and no store contains an erased name, and commands are accepted.
func TestErase_RemovesNamesFromScreensAndStores(t *testing.T) {
	for name, open := range topologies {
		t.Run(name, func(t *testing.T) {
			v := open(t)
			v.importSample()
			one, other := attendees(t)[0], attendees(t)[1]
			id, lead := floor.ActorID(one).ID(), v.startFloor(one)
			names := everyName(t)
			v.checkNames("before", names, true)

			v.eraseAndCheck(2, "--person", one)
			v.checkNames("without one", namesOf(names, one), false)
			if card, ok := client.Get[floor.AttendeeCard](lead.View(), floor.CardKey("attendee/"+id)); !ok || card.Name != (floor.Text{En: id}) || card.CheckedIn == 0 {
				t.Errorf("the console shows %+v", card)
			}
			lead.mustSubmit(floor.Announce{Text: floor.Text{Ko: names[other][0]}, Minutes: 60}) // a name within a typed text
			v.checkConverged()

			v.eraseAndCheck(3, "--everyone")
			v.checkNames("without anybody", names, false)
			lead.mustSubmit(floor.Announce{Text: floor.Text{En: "and on it goes"}})
			v.checkConverged()
			if lost := lostCommands(lead); len(lost) > 0 {
				t.Errorf("lost: %v", lost)
			}
			if out, errs, code := matchfloor(t, append([]string{"verify"}, v.journalFlags()...)...); code != 0 {
				t.Errorf("verify: exit %d, %s %s", code, out, errs)
			}
			if v.redis != nil {
				v.checkAppendOnlyFile(names)
			}
		})
	}
}

// startFloor releases the schedule and signs people in, one of whom is checked in.
func (v *venue) startFloor(one string) (lead *person) {
	v.t.Helper()
	people := append([]string{"moderator:s1", "moderator:s2", "runner:r1", "interpreter:i01", "display:d1"}, attendees(v.t)[:25]...)
	v.signIn(people...)
	lead = v.people["moderator:s1"]
	lead.mustSubmit(floor.ReleaseSchedule{})
	lead.mustSubmit(floor.CheckIn{Attendee: floor.AttendeeID(floor.ActorID(one).ID())})
	v.checkConverged()
	return lead
}

// eraseAndCheck erases and checks that every screen shows the log of the new epoch.
func (v *venue) eraseAndCheck(epoch uint64, who ...string) {
	v.t.Helper()
	counts := map[string]int{}
	for name, p := range v.people {
		counts[name] = p.frameCount()
	}
	began := time.Now()
	out, errs, code := matchfloor(v.t, slices.Concat([]string{"erase", "--event", eventID}, v.journalFlags(), who)...)
	if code != 0 || !strings.Contains(out, fmt.Sprintf("at %d/", epoch)) {
		v.t.Fatalf("erase: exit %d, %q, %s", code, out, errs)
	}
	slowest := time.Duration(0)
	for name, p := range v.people {
		snapshot := slices.IndexFunc(p.framesSince(counts[name]), func(f frame) bool { return f.keys == nil })
		if snapshot < 0 {
			v.t.Fatalf("%s received no snapshot before the end of the command, after %v", name, time.Since(began))
		}
		slowest = max(slowest, p.framesSince(counts[name])[snapshot].at.Sub(began))
		if at := p.View().At; at.Epoch != epoch {
			v.t.Errorf("%s stands at %v", name, at)
		}
	}
	v.t.Logf("%v: the last of %d screens received a snapshot after %v; %s", who, len(counts), slowest.Round(time.Millisecond), strings.TrimSpace(out))
	if slowest > 5*time.Second {
		v.t.Errorf("the last screen received a snapshot after %v", slowest)
	}
	v.cursor = journal.NewCursor(eventID, journal.Genesis(eventID, epoch))
	v.states, v.records = []floor.State{floor.New()}, nil
	v.checkConverged()
}

// everyName returns the names of everyone, in every language, by "role:id".
func everyName(t *testing.T) map[string][]string {
	t.Helper()
	forum, err := demo.Forum()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string][]string{}
	add := func(w floor.ActorID, n floor.Text) {
		names[string(w)] = slices.DeleteFunc([]string{n.Ko, n.Zh, n.En}, func(s string) bool { return s == "" })
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

func namesOf(names map[string][]string, who string) map[string][]string {
	return map[string][]string{who: names[who]}
}

// checkNames looks for names in everything that is stored and on every screen. If present is
// set, each must be stored and some must be on screens; otherwise none may be anywhere.
func (v *venue) checkNames(when string, names map[string][]string, present bool) {
	v.t.Helper()
	stored := ""
	if v.redis != nil {
		_, stored = redisText(v.t, v.redis.URL)
	} else {
		stored = fileContents(v.t, v.storeFlags[1])
	}
	var screens strings.Builder
	for _, name := range slices.Sorted(maps.Keys(v.people)) {
		for key, card := range v.people[name].View().Cards {
			fmt.Fprintf(&screens, "%s %s\n", key, card)
		}
	}
	shown := 0
	for who, list := range names {
		for _, name := range list {
			if strings.Contains(stored, name) != present {
				v.t.Errorf("%s: that the name of %s is stored is %v", when, who, !present)
			}
			if strings.Contains(screens.String(), name) {
				shown++
			}
		}
	}
	if (shown > 0) != present || len(stored) < 50_000 || screens.Len() < 100_000 {
		v.t.Errorf("%s: %d names are on screens; %d bytes stored, %d shown", when, shown, len(stored), screens.Len())
	}
}

// checkAppendOnlyFile checks that Redis's append-only file contains the erased names until it
// is rewritten, as docs/OPERATIONS.md says.
func (v *venue) checkAppendOnlyFile(names map[string][]string) {
	v.t.Helper()
	dir := v.redis.Do("CONFIG", "GET", "dir").([]any)[1].(string)
	name := names["attendee:k01a"][0]
	if !strings.Contains(fileContents(v.t, dir), name) {
		v.t.Error("the append-only file does not contain the erased name, but docs/OPERATIONS.md says that it does")
	}
	v.redis.Do("CONFIG", "SET", "aof-use-rdb-preamble", "no") // as plain text, so that it can be searched
	v.redis.Do("BGREWRITEAOF")
	eventually(v.t, 20*time.Second, "the append-only file to be rewritten", func() error {
		text := fileContents(v.t, dir)
		for who, list := range names {
			for _, name := range list {
				if strings.Contains(text, name) {
					return fmt.Errorf("it contains the name of %s", who)
				}
			}
		}
		if !strings.Contains(text, "k01a") {
			return errors.New("it contains no log")
		}
		return nil
	})
}
