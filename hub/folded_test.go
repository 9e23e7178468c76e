package hub_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
)

// A node holds what the log says, not what it was given: text that the log cannot hold
// as it is, and a command of any size, make the same state where they are decided and
// where they are read.
func TestDecidedAsRead(t *testing.T) {
	many := forum(time.Now())
	for i := range 2000 { // more than is folded in as it was decided
		many.Wishes = append(many.Wishes, floor.Wish{From: many.Companies[0].ID, To: many.Companies[1].ID, Priority: i%9 + 1})
	}
	for name, c := range map[string]struct {
		log     journal.LogID
		command floor.Command
	}{
		"plain":        {journal.InstanceLog, floor.AddOrganiser{Organiser: "o1", Name: "Zoë <&>\u2028"}},
		"half a rune":  {journal.InstanceLog, floor.AddOrganiser{Organiser: "o1", Name: "half \xc3"}},
		"a mark":       {journal.InstanceLog, floor.AddOrganiser{Organiser: "o1", Name: `\ufffd`}},
		"a forum":      {demo, floor.ImportForum{Forum: forum(time.Now())}},
		"many wishes":  {demo, floor.ImportForum{Forum: many}},
		"a long event": {demo, floor.ImportForum{Forum: named(forum(time.Now()), strings.Repeat("long ", 20))}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				m := newMemory()
				gives := newHub(t, m, m)
				give(t, gives, c.log, floor.Operator, "first", c.command)
				synctest.Wait()
				if a, b := stateDigest(t, gives, c.log), stateDigest(t, newHub(t, m, m), c.log); a != b {
					t.Errorf("decided %s, read %s", a, b)
				}
			})
		})
	}
}

func named(f floor.Forum, name string) floor.Forum {
	f.Event.Name = floor.Text{En: name}
	return f
}

// stateDigest is of the newest state of a log, as a node holds it.
func stateDigest(t *testing.T, h *hub.Hub, log journal.LogID) string {
	t.Helper()
	state, _, err := h.State(t.Context(), log)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := state.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest
}
