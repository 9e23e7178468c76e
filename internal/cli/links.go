package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/internal/node"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/server/auth"
)

// linksTimeout is how long reading the logs and recording the export may take.
const linksTimeout = 30 * time.Second

// links prints the links of an event and of the organisers, after it has recorded in
// each log that they were exported. Servers may be running.
func links(ctx context.Context, p *program, args []string) error {
	f := newFlags(p, "links", "(--data DIR | --redis URL --key-file F) --event ID [--json]")
	where := newStoreFlags(f, true)
	event := f.String("event", "", "the event's `id`; without it only the organisers' links are printed")
	asJSON := f.Bool("json", false, "print an array of {role, id, name, url}")
	if _, err := f.parse(args, 0); err != nil {
		return err
	}
	if err := where.check(); err != nil {
		return err
	}
	if *event != "" && (!floor.ValidID(*event) || floor.EventID(*event) == auth.InstanceEvent) {
		return usageError("%q cannot be an event's id", *event)
	}
	keys, err := where.keys()
	if err != nil {
		return err
	}
	store, err := where.open()
	if err != nil {
		return err
	}
	defer store.Close()
	ctx, cancel := context.WithTimeout(ctx, linksTimeout)
	defer cancel()
	list, err := exportLinks(ctx, p, store, keys, floor.EventID(*event))
	if err != nil {
		return fmt.Errorf("links: %w", err)
	}
	return printLinks(p, list, *asJSON)
}

// exportLinks returns the links of allLinks after it has recorded the export: of the
// organisers' links in the instance's log, of an event's links in the event's log. It
// records nothing in a log without links.
func exportLinks(ctx context.Context, p *program, store *node.Store, keys auth.Keys, event floor.EventID) ([]auth.Link, error) {
	list, err := allLinks(ctx, store.Journal, keys, event)
	if err != nil {
		return nil, err
	}
	logs := map[journal.LogID]bool{}
	for _, l := range list {
		logs[journal.LogID(auth.LogOfLink(event, floor.NewActorID(l.Role, l.ID).Link()))] = true
	}
	for _, log := range slices.Sorted(maps.Keys(logs)) {
		if err := recordExport(ctx, p, store, log, floor.RecordExport{What: floor.ExportLinks}); err != nil {
			return nil, err
		}
	}
	return allLinks(ctx, store.Journal, keys, event) // as of the records: a link may have been rotated meanwhile
}

// allLinks returns the organisers' links and, if an event is named, the event's links.
// A caller that hands them out must record that: see exportLinks.
func allLinks(ctx context.Context, j journal.Journal, keys auth.Keys, event floor.EventID) ([]auth.Link, error) {
	instance, err := logState(ctx, j, journal.InstanceLog)
	if err != nil {
		return nil, err
	}
	base := instance.PublicURL()
	list := auth.LinksOf(keys, base, auth.InstanceEvent, instance)
	if event == "" {
		return list, nil
	}
	state, err := logState(ctx, j, journal.LogID(event))
	if err != nil {
		return nil, err
	}
	if state.Seq() == 0 {
		return nil, fmt.Errorf("there is no event %q here", event)
	}
	return slices.Concat(list, auth.LinksOf(keys, base, event, state)), nil
}

func printLinks(p *program, list []auth.Link, asJSON bool) error {
	if asJSON {
		out := json.NewEncoder(p.stdout)
		out.SetEscapeHTML(false)
		out.SetIndent("", "  ")
		return out.Encode(list)
	}
	w := tabwriter.NewWriter(p.stdout, 0, 8, 2, ' ', 0)
	for _, l := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", l.Role, l.ID, l.URL, l.Name)
	}
	return w.Flush()
}
