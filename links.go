package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/server/auth"
)

// linksWithin is how long reading the logs, and recording that, may take.
const linksWithin = 30 * time.Second

// links prints an event's links, and the organisers', once each log holds that they
// were taken out. It works beside a running server.
func links(ctx context.Context, p *program, args []string) error {
	f := p.newFlags("links", "(--data DIR | --redis URL --key-file F) --event ID [--json]")
	where := f.journalFlags(true)
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
	opened, err := where.open()
	if err != nil {
		return err
	}
	defer opened.close()
	ctx, cancel := context.WithTimeout(ctx, linksWithin)
	defer cancel()
	list, err := p.takeLinks(ctx, opened, keys, floor.EventID(*event))
	if err != nil {
		return fmt.Errorf("links: %w", err)
	}
	return p.printLinks(list, *asJSON)
}

// takeLinks answers what allLinks does once that is recorded: of the organisers in the
// instance's log, of an event in its own. No links leave no record.
func (p *program) takeLinks(ctx context.Context, o *opened, keys auth.Keys, event floor.EventID) ([]auth.Link, error) {
	list, err := allLinks(ctx, o.journal, keys, event)
	if err != nil {
		return nil, err
	}
	logs := map[journal.LogID]bool{}
	for _, l := range list {
		logs[journal.LogID(auth.LogOfLink(event, floor.NewActorID(l.Role, l.ID).Link()))] = true
	}
	for _, log := range slices.Sorted(maps.Keys(logs)) {
		if err := p.recordExport(ctx, o, log, floor.RecordExport{What: floor.ExportLinks}); err != nil {
			return nil, err
		}
	}
	return allLinks(ctx, o.journal, keys, event) // as of the records
}

// allLinks answers the organisers' links and, with an event, its own. Whoever hands
// them out records that: see takeLinks.
func allLinks(ctx context.Context, j journal.Journal, keys auth.Keys, event floor.EventID) ([]auth.Link, error) {
	instance, err := foldLog(ctx, j, journal.InstanceLog)
	if err != nil {
		return nil, err
	}
	base := instance.PublicURL()
	list := auth.LinksOf(keys, base, auth.InstanceEvent, instance)
	if event == "" {
		return list, nil
	}
	state, err := foldLog(ctx, j, journal.LogID(event))
	if err != nil {
		return nil, err
	}
	if state.Seq() == 0 {
		return nil, fmt.Errorf("there is no event %q here", event)
	}
	return slices.Concat(list, auth.LinksOf(keys, base, event, state)), nil
}

// foldLog answers a log's state at its head. It only reads: a hub would also
// write what has fallen due.
func foldLog(ctx context.Context, j journal.Journal, log journal.LogID) (floor.State, error) {
	state, cursor := floor.New(), journal.NewCursor(log, journal.Position{})
	for {
		page, head, err := cursor.ReadOn(ctx, j)
		if err != nil {
			return state, err
		}
		for _, r := range page {
			record, err := floor.DecodeRecord(r.Body)
			if err != nil {
				return state, fmt.Errorf("record %d of log %q: %w", r.Seq, log, err)
			}
			state, _ = state.Apply(record)
		}
		if cursor.At() == head {
			return state, nil
		}
	}
}

func (p *program) printLinks(list []auth.Link, asJSON bool) error {
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
