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

// A node holds what the log says, not what was submitted: text that the log cannot hold
// unchanged, and a command of any size, make the same state where they are decided and where
// they are read.
func TestReplica_DecidedStateIsTheStateRead(t *testing.T) {
	many := forum(time.Now())
	for i := range 2000 { // so large that it is decoded again before it is applied
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
		"a long event": {demo, floor.ImportForum{Forum: withName(forum(time.Now()), strings.Repeat("long ", 20))}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				m := newMemory()
				gives := newHub(t, m, m)
				mustSubmit(t, gives, c.log, floor.Operator, "first", c.command)
				synctest.Wait()
				if a, b := stateDigest(t, gives, c.log), stateDigest(t, newHub(t, m, m), c.log); a != b {
					t.Errorf("decided %s, read %s", a, b)
				}
			})
		})
	}
}

func withName(f floor.Forum, name string) floor.Forum {
	f.Event.Name = floor.Text{En: name}
	return f
}

// stateDigest returns the digest of the newest state of a log on a node.
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
