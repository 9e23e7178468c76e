//go:build !race

package main

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/matchfloor/matchfloor/internal/checks/house"
)

var measureOnce = sync.OnceValues(func() ([]house.Limit, error) {
	m, err := findModule()
	if err != nil {
		return nil, err
	}
	return house.Limits(context.Background(), m)
})

// measured returns the limits with the numbers of the module, once for all tests.
func measured(t *testing.T) []house.Limit {
	t.Helper()
	limits, err := measureOnce()
	if err != nil {
		t.Fatal(err)
	}
	return limits
}

// TestLimits_AreHeld compares the module with the limits of the house package.
// What exceeds a limit already has a ceiling in testdata, which may only shrink:
// `go run ./internal/checks -lower` lowers what can be lowered. If a package or a
// type with a ceiling moves, move its line.
func TestLimits_AreHeld(t *testing.T) {
	limits := measured(t)
	for _, limit := range limits {
		t.Run(limit.Name, func(t *testing.T) {
			ceilings, err := readCeilings(ceilingFile(ourModule(t), limit))
			if err != nil {
				t.Fatal(err)
			}
			for _, fault := range limit.Check(ceilings.Numbers) {
				t.Error(fault)
			}
		})
	}
}

// TestLimits_SeeTheModule guards against counters that find nothing.
func TestLimits_SeeTheModule(t *testing.T) {
	limits := measured(t)
	i := slices.IndexFunc(limits, func(l house.Limit) bool { return l.Name == "packages" })
	for _, p := range goList(t) {
		if limits[i].Now[p.Folder] == 0 && p.Folder != "floor" && len(p.GoFiles) > 0 {
			t.Errorf("the package in %s has no size", p.Folder)
		}
	}
	for _, l := range limits {
		if len(l.Now) == 0 && l.Name != "words" {
			t.Errorf("%s: nothing was measured", l.Name)
		}
	}
}

func TestReport_PrintsFiguresAndComments(t *testing.T) {
	var out strings.Builder
	r := report{figures: true, comments: "internal/checks", count: 2, seed: 1}
	if err := r.print(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Packages: ", "all packages", "Functions over 40 lines: ", "Denied words: ", "internal/checks/"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, out.String())
		}
	}
}
