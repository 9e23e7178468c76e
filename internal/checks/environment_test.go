//go:build !race

package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/internal/golden"
)

// TestEnvironment_VariablesAreAsPublished pins the variables of the environment that the source
// reads by name, tests included. The variables of flags are formed from the flags' names, which
// internal/cli pins.
func TestEnvironment_VariablesAreAsPublished(t *testing.T) {
	read := regexp.MustCompile(`(?:[Gg]etenv\(|LookupEnv\(|\.env\(|Env = )"([A-Za-z_]+)"`)
	found := map[string]bool{}
	for _, s := range goSources(t) {
		for _, m := range read.FindAllStringSubmatch(s.Text, -1) {
			found[m[1]] = true
		}
	}
	golden.Compare(t, "testdata/environment.txt", strings.Join(slices.Sorted(maps.Keys(found)), "\n")+"\n")
}
