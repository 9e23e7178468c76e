package house

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/matchfloor/matchfloor/internal/checks/tree"
	"github.com/matchfloor/matchfloor/internal/checks/words"
)

// Limit is a limit on the module, with what was measured.
type Limit struct {
	Name    string // also of the file of its ceilings
	Unit    string
	Allowed func(key string) int // without a ceiling
	Now     map[string]int       // measured, by folder or by folder.type
	Where   map[string]string    // details for the message of a fault, by the same keys
}

const (
	maxPackage     = 3000 // lines without tests
	maxMethods     = 25   // of a type
	maxMethodFiles = 4    // over which the methods of a type are spread
	maxTangle      = 50   // percent of a package's files in one cycle
	maxTightTangle = 39   // the same in tight folders
)

// unlimited is the domain, which is one package of any size and tangle on purpose.
const unlimited = "floor"

// tight lists the folders with stricter limits, which include the folders below them.
var tight = []string{"hub", "server", "internal/ws", "internal/cli"}

func isTight(folder string) bool {
	return slices.ContainsFunc(tight, func(t string) bool {
		return folder == t || strings.HasPrefix(folder, t+"/")
	})
}

// Limits measures a module.
func Limits(ctx context.Context, m tree.Module) ([]Limit, error) {
	sources, err := m.Sources()
	if err != nil {
		return nil, err
	}
	tangles, err := Tangles(ctx, m)
	if err != nil {
		return nil, err
	}
	uses, err := words.Find(m)
	if err != nil {
		return nil, err
	}
	methods, files := methodLimits(MethodSets(sources))
	return []Limit{packageLimit(PackageSizes(sources)), methods, files, tangleLimit(tangles), wordLimit(uses)}, nil
}

func newLimit(name, unit string, allowed func(string) int) Limit {
	return Limit{name, unit, allowed, map[string]int{}, map[string]string{}}
}

func always(n int) func(string) int { return func(string) int { return n } }

func packageLimit(sizes []Size) Limit {
	l := newLimit("packages", "lines without tests", always(maxPackage))
	for _, s := range sizes {
		if s.Where != unlimited {
			l.Now[s.Where] = s.Lines
		}
	}
	return l
}

// methodLimits counts by type in tight folders. In the others it takes the largest
// number of all types of a package.
func methodLimits(sets []MethodSet) (methods, files Limit) {
	methods = newLimit("methods", "methods of a type", always(maxMethods))
	files = newLimit("method-files", "files with methods of a type", always(maxMethodFiles))
	for _, set := range sets {
		key := set.Folder
		if isTight(set.Folder) {
			key += "." + set.Type
		}
		at := fmt.Sprintf("%s: %s", set.Type, strings.Join(set.Files, " "))
		methods.raise(key, set.Methods, at)
		files.raise(key, len(set.Files), at)
	}
	return methods, files
}

// raise keeps the larger of two measurements with one key.
func (l Limit) raise(key string, n int, where string) {
	if n > l.Now[key] {
		l.Now[key], l.Where[key] = n, where
	}
}

func tangleLimit(tangles []Tangle) Limit {
	l := newLimit("tangle", "percent of the files in one cycle", func(folder string) int {
		if isTight(folder) {
			return maxTightTangle
		}
		return maxTangle
	})
	for _, t := range tangles {
		if t.Folder != unlimited {
			l.raise(t.Folder, t.Percent(), strings.Join(t.Cycle, " "))
		}
	}
	return l
}

func wordLimit(uses []words.Use) Limit {
	l := newLimit("words", "denied words", always(0))
	for _, use := range uses {
		l.Now[use.Folder()]++
		l.Where[use.Folder()] += "\n\t" + use.String()
	}
	return l
}

// Check compares what was measured with the ceilings, and returns a sentence for
// each number that is above its limit and for each ceiling that is too high.
func (l Limit) Check(ceilings map[string]int) []string {
	var faults []string
	for _, key := range slices.Sorted(maps.Keys(l.Now)) {
		ceiling, listed := ceilings[key]
		if now := l.Now[key]; now > max(ceiling, l.Allowed(key)) {
			fault := fmt.Sprintf("%s: %d %s, more than %d: %s", key, now, l.Unit, max(ceiling, l.Allowed(key)), l.Where[key])
			faults = append(faults, strings.TrimSuffix(fault, ": "))
		} else if listed && now <= l.Allowed(key) {
			faults = append(faults, fmt.Sprintf("%s: shrink the list: %d %s need no ceiling any more", key, now, l.Unit))
		} else if listed && now < ceiling {
			faults = append(faults, fmt.Sprintf("%s: shrink the list: %d %s, but the ceiling is %d", key, now, l.Unit, ceiling))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(ceilings)) {
		if _, measured := l.Now[key]; !measured {
			faults = append(faults, fmt.Sprintf("%s: shrink the list: there is no such case any more", key))
		}
	}
	return faults
}

// Exceeding returns the cases that are above the limit now: the first ceilings.
func (l Limit) Exceeding() map[string]int {
	ceilings := maps.Clone(l.Now)
	maps.DeleteFunc(ceilings, func(key string, now int) bool { return now <= l.Allowed(key) })
	return ceilings
}

// Lower returns the ceilings with each lowered to what was measured, and without
// those that are not needed any more. It raises none and adds none.
func (l Limit) Lower(ceilings map[string]int) map[string]int {
	lowered := l.Exceeding()
	for key, now := range lowered {
		if ceiling, listed := ceilings[key]; listed {
			lowered[key] = min(ceiling, now)
		} else {
			delete(lowered, key)
		}
	}
	return lowered
}
