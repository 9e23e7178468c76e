package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/internal/golden"
)

// TestFlags_AreAsPublished pins the subcommands, their flags with the defaults, the variables
// of the environment that each reads, and the exit codes. Help texts are prose and may change.
func TestFlags_AreAsPublished(t *testing.T) {
	text := golden.Block("exit codes", []string{
		fmt.Sprint("done ", commandline.ExitOK), fmt.Sprint("failed ", commandline.ExitFailed), fmt.Sprint("faults in a workbook ", commandline.ExitFaults), fmt.Sprint("usage ", commandline.ExitUsage),
	})
	commands := commandLines()
	slices.SortFunc(commands, slices.Compare)
	for _, command := range commands {
		if command[0] != "version" && command[0] != "completion" { // which have no flags
			text += golden.Block(strings.Join(command, " "), flagsOf(t, command))
		}
	}
	golden.Compare(t, "testdata/flags.txt", text)
}

// helpLine matches the first line of a flag in the help: its name and what it takes.
var helpLine = regexp.MustCompile(`(?m)^  --([a-z-]+)`)

// helpDefault matches a default at the end of a flag's help.
var helpDefault = regexp.MustCompile(`\(default ([^)]*)\)\s*$`)

// flagsOf returns a subcommand's flags from its help, and the variables of the environment that it reads.
func flagsOf(t *testing.T, command []string) []string {
	t.Helper()
	var read []string
	env := func(name string) string { read = append(read, name); return "" }
	var help strings.Builder
	if code := run(t.Context(), append(slices.Clone(command), "-h"), env, nil, &help, &help); code != commandline.ExitOK {
		t.Fatalf("%v -h ends with %d: %s", command, code, help.String())
	}
	var lines []string
	at := helpLine.FindAllStringSubmatchIndex(help.String(), -1)
	for i, m := range at {
		end := len(help.String())
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		if last := strings.Index(help.String()[m[0]:end], "\n\n"); last >= 0 {
			end = m[0] + last // of a section
		}
		line := "--" + help.String()[m[2]:m[3]]
		text := strings.Join(strings.Fields(help.String()[m[0]:end]), " ")
		if value := helpDefault.FindStringSubmatch(text); value != nil {
			line += " " + value[1]
		}
		lines = append(lines, line)
	}
	slices.Sort(read)
	if len(lines) == 0 || len(read) < len(lines) {
		t.Fatalf("%v has %d flags and reads %v", command, len(lines), read)
	}
	slices.Sort(lines)
	return append(lines, slices.Compact(read)...)
}
