package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/workbook"
)

// importWithin is how long an import may take.
const importWithin = time.Minute

// importWorkbook imports a workbook into an instance, also beside a running
// server. The last word on stdout is the event's id.
func importWorkbook(ctx context.Context, p *program, args []string) error {
	f := p.newFlags("import", "(--data DIR | --redis URL) [--json] FILE")
	where := f.journalFlags(false)
	asJSON := f.Bool("json", false, "print the result, or the faults, as JSON on stdout")
	rest, err := f.parse(args, 1)
	if err != nil {
		return err
	}
	if err := where.check(); err != nil {
		return err
	}
	forum, faults, err := readWorkbookFile(rest[0])
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		return p.tellFaults(faults, *asJSON)
	}
	opened, err := where.open()
	if err != nil {
		return err
	}
	defer opened.close()
	ctx, cancel := context.WithTimeout(ctx, importWithin)
	defer cancel()
	if err := enrol(ctx, p, opened, forum); err != nil {
		return fmt.Errorf("import: %w", err)
	}
	if *asJSON {
		return json.NewEncoder(p.stdout).Encode(map[string]any{"event": forum.Event.ID})
	}
	fmt.Fprintf(p.stdout, "imported %d companies, %d attendees, %d meetings in %d rounds: event %s\n",
		len(forum.Companies), len(forum.Attendees), len(forum.Meetings), len(forum.Rounds), forum.Event.ID)
	return nil
}

// enrol imports through a hub of its own, so that the log's rules hold here as
// they do in a server.
func enrol(ctx context.Context, p *program, o *opened, forum floor.Forum) error {
	h := hub.New(o.journal, o.snapshots, hub.Options{Logger: p.logger(slog.LevelWarn)})
	return errors.Join(hub.ImportForum(ctx, h, floor.Operator, operatorLink, forum), h.Close())
}

// operatorLink stands in the keys of the command line's commands where others
// have their link.
const operatorLink = "operator-cli"

// readWorkbookFile reads a workbook, or stdin for "-".
func readWorkbookFile(name string) (floor.Forum, []workbook.Fault, error) {
	if name == "-" {
		return workbook.Read(os.Stdin, -1)
	}
	file, err := os.Open(name)
	if err != nil {
		return floor.Forum{}, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return floor.Forum{}, nil, err
	}
	if !info.Mode().IsRegular() {
		return workbook.Read(file, -1)
	}
	return workbook.Read(io.Reader(file), info.Size())
}

// tellFaults prints every fault and answers the error of exit code 2.
func (p *program) tellFaults(faults []workbook.Fault, asJSON bool) error {
	for _, f := range faults {
		fmt.Fprintln(p.stderr, f.Error())
	}
	if asJSON {
		if err := json.NewEncoder(p.stdout).Encode(map[string]any{"code": "workbook", "errors": faults}); err != nil {
			return err
		}
	}
	return &exitError{code: exitFaults, said: true, err: errors.New("the workbook has faults")}
}

// logger answers a logger of what is at least level, to stderr.
func (p *program) logger(level slog.Leveler) *slog.Logger {
	return slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: level}))
}
