package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/internal/node"
	"github.com/matchfloor/matchfloor/workbook"
)

// importTimeout is how long an import may take.
const importTimeout = time.Minute

// importWorkbook imports a workbook into an instance. Servers may be running. The last
// word on stdout is the event's id.
func importWorkbook(ctx context.Context, p *program, args []string) error {
	f := newFlags(p, "import", "(--data DIR | --redis URL) [--json] FILE")
	where := newStoreFlags(f, false)
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
		return printFaults(p, faults, *asJSON)
	}
	store, err := where.open()
	if err != nil {
		return err
	}
	defer store.Close()
	ctx, cancel := context.WithTimeout(ctx, importTimeout)
	defer cancel()
	if err := importForum(ctx, p, store, forum); err != nil {
		return fmt.Errorf("import: %w", err)
	}
	if *asJSON {
		return json.NewEncoder(p.stdout).Encode(map[string]any{"event": forum.Event.ID})
	}
	fmt.Fprintf(p.stdout, "imported %d companies, %d attendees, %d meetings in %d rounds: event %s\n",
		len(forum.Companies), len(forum.Attendees), len(forum.Meetings), len(forum.Rounds), forum.Event.ID)
	return nil
}

// importForum imports a forum as the operator.
func importForum(ctx context.Context, p *program, store *node.Store, forum floor.Forum) error {
	return withHub(p, store, func(h *hub.Hub) error {
		return hub.ImportForum(ctx, h, floor.Operator, node.OperatorLink, forum)
	})
}

// readWorkbookFile reads a workbook from a file, or from stdin if name is "-".
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

// printFaults prints every fault and returns the error with the exit code exitFaults.
func printFaults(p *program, faults []workbook.Fault, asJSON bool) error {
	for _, f := range faults {
		fmt.Fprintln(p.stderr, f.Error())
	}
	if asJSON {
		if err := json.NewEncoder(p.stdout).Encode(map[string]any{"code": "workbook", "errors": faults}); err != nil {
			return err
		}
	}
	return &exitError{code: exitFaults, printed: true, err: errors.New("the workbook has faults")}
}
