package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/internal/cli/access"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/internal/node"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/server/auth"
)

// linksTimeout is how long reading the logs and recording the export may take.
const linksTimeout = 30 * time.Second

// links prints the links of an event and of the organisers, after it has recorded in
// each log that they were exported. Servers may be running.
func links(ctx context.Context, p *commandline.Program, args []string) error {
	f := commandline.NewFlags(p, "links", "(--data DIR | --redis URL --key-file F) [--event ID] [--rotate LINK] [--json]",
		"matchfloor links --data ./data                      # the organisers' links",
		"matchfloor links --data ./data --event green-2026",
		"matchfloor links --data ./data --rotate organiser-first  # a new one")
	where := access.NewFlags(f, true)
	event := f.String("event", "", "the event's `id`; without it, only the organisers' links are printed")
	rotate := f.String("rotate", "", "the id of a `link` as role-id, such as organiser-first: replace it, and print only the new one")
	asJSON := f.Bool("json", false, "print an array of {role, id, name, url}")
	if _, err := f.ParseArgs(args, 0); err != nil {
		return err
	}
	if err := where.Check(); err != nil {
		return err
	}
	if err := where.RequireKey(); err != nil {
		return err
	}
	if *event != "" && (!floor.ValidID(*event) || floor.EventID(*event) == auth.InstanceEvent) {
		return commandline.UsageError("%q cannot be an event's id", *event)
	}
	ctx, cancel := context.WithTimeout(ctx, linksTimeout)
	defer cancel()
	store, err := where.OpenExisting(ctx)
	if err != nil {
		return fmt.Errorf("links: %w", err)
	}
	defer store.Close()
	keys, err := where.CheckedKeys(ctx, store.Journal)
	if err != nil {
		return err
	}
	if *rotate != "" {
		if err := rotateLink(ctx, p, store, floor.EventID(*event), floor.LinkID(*rotate)); err != nil {
			return fmt.Errorf("links: %w", err)
		}
	}
	list, err := exportLinks(ctx, p, store, keys, floor.EventID(*event), floor.LinkID(*rotate))
	if err != nil {
		return fmt.Errorf("links: %w", err)
	}
	switch {
	case len(list) == 0:
		fmt.Fprintln(p.Stderr, "The instance has no organiser yet: the first start of matchfloor serve adds one.")
	case strings.HasPrefix(list[0].URL, "/"):
		fmt.Fprintln(p.Stderr, "No public URL is known yet, so these links lack their beginning and open nothing. Start matchfloor serve once, with --public-url URL unless phones reach it at its own address, and print them again.")
	}
	return printLinks(p, list, *asJSON)
}

// rotateLink makes a link's secret and all of its sessions invalid. Servers may be running:
// they close its connections.
func rotateLink(ctx context.Context, p *commandline.Program, store *node.Store, event floor.EventID, link floor.LinkID) error {
	log := journal.LogID(auth.LogOfLink(event, link))
	if log == "" {
		return fmt.Errorf("%s is a link of an event: name it with --event", link)
	}
	state, err := access.State(ctx, store.Journal, log)
	if err != nil {
		return err
	}
	if _, ok := state.Link(link); !ok {
		return fmt.Errorf("there is no link %q here; matchfloor links prints role and id of each", link)
	}
	return access.WithHub(p, store, func(h *hub.Hub) error { return access.Submit(ctx, h, log, floor.RotateLink{Link: link}) })
}

// exportLinks returns the links of allLinks, or the one that only names, after it has
// recorded the export: of the organisers' links in the instance's log, of an event's links in
// the event's log. It records nothing in a log without links.
func exportLinks(ctx context.Context, p *commandline.Program, store *node.Store, keys auth.Keys, event floor.EventID, only floor.LinkID) ([]auth.Link, error) {
	list, err := allLinks(ctx, store.Journal, keys, event)
	if err != nil {
		return nil, err
	}
	list = keepOnly(list, only)
	logs := map[journal.LogID]bool{}
	for _, l := range list {
		logs[journal.LogID(auth.LogOfLink(event, floor.NewActorID(l.Role, l.ID).Link()))] = true
	}
	for _, log := range slices.Sorted(maps.Keys(logs)) {
		if err := recordExport(ctx, p, store, log, floor.RecordExport{What: floor.ExportLinks}); err != nil {
			return nil, err
		}
	}
	list, err = allLinks(ctx, store.Journal, keys, event) // as of the records: a link may have been rotated meanwhile
	return keepOnly(list, only), err
}

// keepOnly returns the link of a list that only names, or all if it is "".
func keepOnly(list []auth.Link, only floor.LinkID) []auth.Link {
	return slices.DeleteFunc(list, func(l auth.Link) bool {
		return only != "" && floor.NewActorID(l.Role, l.ID).Link() != only
	})
}

// allLinks returns the organisers' links and, if an event is named, the event's links.
// A caller that hands them out must record that: see exportLinks.
func allLinks(ctx context.Context, j journal.Journal, keys auth.Keys, event floor.EventID) ([]auth.Link, error) {
	instance, err := access.State(ctx, j, journal.InstanceLog)
	if err != nil {
		return nil, err
	}
	base := instance.PublicURL()
	list := auth.LinksOf(keys, base, auth.InstanceEvent, instance)
	if event == "" {
		return list, nil
	}
	state, err := access.State(ctx, j, journal.LogID(event))
	if err != nil {
		return nil, err
	}
	if state.Seq() == 0 {
		return nil, fmt.Errorf("there is no event %q here", event)
	}
	return slices.Concat(list, auth.LinksOf(keys, base, event, state)), nil
}

func printLinks(p *commandline.Program, list []auth.Link, asJSON bool) error {
	if asJSON {
		out := json.NewEncoder(p.Stdout)
		out.SetEscapeHTML(false)
		out.SetIndent("", "  ")
		return out.Encode(list)
	}
	w := tabwriter.NewWriter(p.Stdout, 0, 8, 2, ' ', 0)
	for _, l := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", l.Role, l.ID, l.URL, l.Name)
	}
	return w.Flush()
}
