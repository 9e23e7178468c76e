package house

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Ceilings are the cases that may exceed a limit, each up to its number. They are
// stored in a file that begins with comments and has one line "key number" for each
// case.
type Ceilings struct {
	Comment string // with its line ends
	Numbers map[string]int
}

// ParseCeilings reads the text of a file of ceilings.
func ParseCeilings(text string) (Ceilings, error) {
	c := Ceilings{Numbers: map[string]int{}}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			c.Comment += line
			continue
		}
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		number, err := strconv.Atoi(fields[len(fields)-1])
		if len(fields) != 2 || err != nil {
			return Ceilings{}, fmt.Errorf("%q is not a case and its number", strings.TrimSpace(line))
		}
		if _, twice := c.Numbers[fields[0]]; twice {
			return Ceilings{}, fmt.Errorf("%s is listed twice", fields[0])
		}
		c.Numbers[fields[0]] = number
	}
	return c, nil
}

// String returns the text of the file, sorted.
func (c Ceilings) String() string {
	var b strings.Builder
	b.WriteString(c.Comment)
	for _, key := range slices.Sorted(maps.Keys(c.Numbers)) {
		fmt.Fprintf(&b, "%s %d\n", key, c.Numbers[key])
	}
	return b.String()
}
