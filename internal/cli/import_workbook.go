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
	"github.com/matchfloor/matchfloor/internal/cli/access"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/internal/node"
	"github.com/matchfloor/matchfloor/workbook"
)

// importTimeout is how long an import may take.
const importTimeout = time.Minute

// importWorkbook imports a workbook into an instance. Servers may be running. The last
// word on stdout is the event's id.
func importWorkbook(ctx context.Context, p *commandline.Program, args []string) error {
	f := commandline.NewFlags(p, "import", "(--data DIR | --redis URL [--key-file F]) [--create] [--dry-run] [--json] FILE",
		"matchfloor import --data ./data --dry-run forum.xlsx",
		"matchfloor import --data ./data - < forum.xlsx")
	where := access.NewFlags(f, true)
	asJSON := f.Bool("json", false, "print the result, or the faults, as JSON on stdout")
	dryRun := f.Bool("dry-run", false, "check the workbook, say what an import would do, and import nothing")
	create := f.Bool("create", false, "make the instance if there is none yet, as serve does; without it, a mistyped directory or URL is an error")
	rest, err := f.ParseArgs(args, 1)
	if err != nil {
		return err
	}
	if err := where.Check(); err != nil {
		return err
	}
	forum, faults, err := readWorkbookFile(rest[0])
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		return printFaults(p, faults, *asJSON)
	}
	ctx, cancel := context.WithTimeout(ctx, importTimeout)
	defer cancel()
	do := importRun{p: p, where: where, create: *create, dryRun: *dryRun}
	preview, err := do.run(ctx, forum)
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	switch {
	case *asJSON:
		return json.NewEncoder(p.Stdout).Encode(preview)
	case *dryRun:
		fmt.Fprint(p.Stdout, preview.plan(do.creates))
	default:
		fmt.Fprint(p.Stdout, preview.done())
	}
	return nil
}

// importRun is one run of import, with a workbook without faults.
type importRun struct {
	p              *commandline.Program
	where          *access.Flags
	create, dryRun bool
	creates        string // where the run makes an instance, or would; "" if there is one
}

// run imports a forum, unless this is a dry run, and returns what that does.
func (r *importRun) run(ctx context.Context, forum floor.Forum) (importPreview, error) {
	store, err := r.where.OpenExisting(ctx)
	if errors.Is(err, access.ErrNoInstance) {
		if !r.create {
			return importPreview{}, fmt.Errorf("%w, or add --create to make a new one. If one was here and lost its records, use recover or restore", err)
		}
		r.creates = r.where.Place()
		if r.dryRun { // even an empty instance is not made
			return newPreview(forum, true), nil
		}
		store, err = r.where.Open()
	}
	if err != nil {
		return importPreview{}, err
	}
	defer store.Close()
	preview, err := previewImport(ctx, store, forum, r.dryRun)
	if err != nil || r.dryRun {
		return preview, err
	}
	if err := r.where.PrepareKey(ctx, r.p, store); err != nil {
		return preview, err
	}
	return preview, explainRefusal(forum.Event.ID, importForum(ctx, r.p, store, forum))
}

// importForum imports a forum as the operator.
func importForum(ctx context.Context, p *commandline.Program, store *node.Store, forum floor.Forum) error {
	return access.WithHub(p, store, func(h *hub.Hub) error {
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

// printFaults prints every fault and returns the error with the exit code commandline.ExitFaults.
func printFaults(p *commandline.Program, faults []workbook.Fault, asJSON bool) error {
	for _, f := range faults {
		fmt.Fprintln(p.Stderr, f.Error())
	}
	if asJSON {
		if err := json.NewEncoder(p.Stdout).Encode(map[string]any{"code": "workbook", "errors": faults}); err != nil {
			return err
		}
	}
	return &commandline.ExitError{Code: commandline.ExitFaults, Printed: true, Err: errors.New("the workbook has faults")}
}
