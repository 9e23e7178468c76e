package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/internal/cli/access"
	"github.com/matchfloor/matchfloor/internal/node"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// importPreview is what an import of a workbook does, as JSON has it. The fields that it
// shares with the body of the API's answer to ?dry=1 have the same meaning there.
type importPreview struct {
	Event  floor.EventID  `json:"event"`
	DryRun bool           `json:"dryRun,omitempty"`
	New    bool           `json:"new"` // the instance does not have the event yet; otherwise its draft is replaced
	Counts map[string]int `json:"counts"`
}

// newPreview returns the preview of an import into an instance without the event.
func newPreview(forum floor.Forum, dryRun bool) importPreview {
	return importPreview{Event: forum.Event.ID, DryRun: dryRun, New: true, Counts: forum.Counts()}
}

// previewImport returns what an import into a store will do, or why it will be refused. It
// only reads.
func previewImport(ctx context.Context, store *node.Store, forum floor.Forum, dryRun bool) (importPreview, error) {
	preview := newPreview(forum, dryRun)
	state, err := access.State(ctx, store.Journal, journal.LogID(forum.Event.ID))
	if err != nil {
		return preview, err
	}
	preview.New = state.Event().ID == ""
	_, refused := floor.Decide(state, floor.Envelope{
		Key: floor.CommandKey(node.OperatorLink + "/" + rand.Text()), By: floor.Operator, Unconditional: true,
		Command: floor.ImportForum{Forum: forum},
	})
	if refused != nil && !(preview.New && refused.Code == floor.CodeNeedsUpgrade) { // a new event has the instance's version
		problem := wire.ProblemOf(refused)
		return preview, explainRefusal(forum.Event.ID, &problem)
	}
	return preview, nil
}

// explainRefusal adds to the refusal of an import what the operator can do about it.
func explainRefusal(event floor.EventID, err error) error {
	refused, ok := errors.AsType[*wire.Problem](err)
	if !ok {
		return err
	}
	switch refused.Code {
	case wire.Code(floor.CodeReleased):
		return fmt.Errorf("the schedule of %s is released, and people go by it, so a workbook no longer replaces it; "+
			"nothing was changed. Make changes on the moderator's console, or give the workbook another id in its sheet event to import it as another event", event)
	case wire.Code(floor.CodeNeedsUpgrade):
		return fmt.Errorf("the workbook needs records of this version: run matchfloor upgrade first, once all nodes run this version: %w", err)
	}
	return err
}

// summary returns what the preview's forum has, in one line.
func (p importPreview) summary() string {
	return fmt.Sprintf("%d companies, %d attendees, %d meetings in %d rounds",
		p.Counts["companies"], p.Counts["attendees"], p.Counts["meetings"], p.Counts["rounds"])
}

// plan returns what an import would do, in lines. The last word is the event's id.
func (p importPreview) plan(createIn string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "the workbook has no faults: %s; %d interpreters, %d staff, %d displays, %d tables in %d zones, %d items of the agenda, %d wishes\n",
		p.summary(), p.Counts["interpreters"], p.Counts["staff"], p.Counts["displays"], p.Counts["tables"], p.Counts["zones"], p.Counts["agenda"], p.Counts["wishes"])
	if createIn != "" {
		fmt.Fprintf(&b, "the import would make an instance in %s\n", createIn)
	}
	if p.New {
		b.WriteString("the event is new\n")
	} else {
		b.WriteString("it would replace the draft of this event; what was changed in the draft by hand would be lost, links stay the same\n")
	}
	fmt.Fprintf(&b, "dry run, nothing was imported: event %s\n", p.Event)
	return b.String()
}

// done returns what an import has done, in one line. The last word is the event's id.
func (p importPreview) done() string {
	instead := ""
	if !p.New {
		instead = ", in place of the draft that was there"
	}
	return fmt.Sprintf("imported %s%s: event %s\n", p.summary(), instead, p.Event)
}
