package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/matchfloor/matchfloor/internal/checks/house"
	"github.com/matchfloor/matchfloor/internal/checks/tree"
)

// ceilingFolder is where the files of ceilings are, from the root of the module.
const ceilingFolder = "internal/checks/testdata"

// report is what the program prints instead of running the steps.
type report struct {
	figures, lower bool
	comments       string // a folder
	count          int    // of comments
	seed           uint64
}

func (r report) wanted() bool { return r.figures || r.lower || r.comments != "" }

// print measures the module of the working directory.
func (r report) print(ctx context.Context, out io.Writer) error {
	module, err := tree.Find(ctx)
	if err != nil {
		return err
	}
	if r.lower {
		if err := lowerCeilings(ctx, module, out); err != nil {
			return err
		}
	}
	if r.figures {
		if err := house.PrintFigures(ctx, module, out); err != nil {
			return err
		}
	}
	if r.comments == "" {
		return nil
	}
	sources, err := module.Sources()
	if err != nil {
		return err
	}
	for _, comment := range house.SampleComments(sources, r.comments, r.count, r.seed) {
		fmt.Fprintln(out, comment)
	}
	return nil
}

// lowerCeilings writes the files of ceilings: an existing one with its numbers
// lowered to today's, a missing one with all cases of today.
func lowerCeilings(ctx context.Context, module tree.Module, out io.Writer) error {
	limits, err := house.Limits(ctx, module)
	if err != nil {
		return err
	}
	for _, limit := range limits {
		name := ceilingFile(module, limit)
		ceilings, err := readCeilings(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			ceilings = house.Ceilings{
				Comment: "# Ceilings: " + limit.Unit + ", as far as they exceed the limit. They may only shrink:\n" +
					"# go run ./internal/checks -lower\n",
				Numbers: limit.Exceeding(),
			}
		case err != nil:
			return err
		default:
			ceilings.Numbers = limit.Lower(ceilings.Numbers)
		}
		if err := os.WriteFile(name, []byte(ceilings.String()), 0o644); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s: %d cases\n", name, len(ceilings.Numbers))
	}
	return nil
}

func ceilingFile(module tree.Module, limit house.Limit) string {
	return filepath.Join(module.Dir, filepath.FromSlash(ceilingFolder), limit.Name+".txt")
}

func readCeilings(name string) (house.Ceilings, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return house.Ceilings{}, err
	}
	ceilings, err := house.ParseCeilings(string(text))
	if err != nil {
		return house.Ceilings{}, fmt.Errorf("%s: %w", name, err)
	}
	return ceilings, nil
}
