package commandline

import (
	"flag"
	"fmt"
	"io"
	"strings"
)

// helpWidth is the most columns that a line of a help text has.
const helpWidth = 80

// printAbout prints the beginning of a help text: how to call a subcommand, and what it
// is for.
func printAbout(w io.Writer, name, synopsis, summary string) {
	usage := "usage: matchfloor " + name
	if synopsis != "" {
		usage += " " + synopsis
	}
	printWrapped(w, "", "    ", usage)
	if summary != "" {
		fmt.Fprintf(w, "\n%s%s.\n", strings.ToUpper(summary[:1]), summary[1:])
	}
}

// flagSection is a heading of the help and the flags under it.
type flagSection struct {
	title string
	flags []*flag.Flag
}

// printSection prints the flags of a section with their variables, unless it is empty.
func printSection(w io.Writer, s flagSection) {
	if len(s.flags) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s:\n", s.title)
	for _, fl := range s.flags {
		value, usage := flag.UnquoteUsage(fl)
		fmt.Fprintf(w, "  %-38s$%s\n", strings.TrimSpace("--"+fl.Name+" "+value), variable(fl.Name))
		printWrapped(w, "      ", "      ", usage+defaultText(fl))
	}
}

// variablePrefix begins the name of every variable of the environment that the program
// reads.
const variablePrefix = "MATCHFLOOR_"

// variable returns the name of the variable of the environment that sets a flag.
func variable(flag string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// defaultText returns the default of a flag for its help, or "" if it is a zero value.
func defaultText(fl *flag.Flag) string {
	switch fl.DefValue {
	case "", "0", "0s", "false":
		return ""
	}
	if g, ok := fl.Value.(flag.Getter); ok {
		if _, text := g.Get().(string); text {
			return fmt.Sprintf(" (default %q)", fl.DefValue)
		}
	}
	return fmt.Sprintf(" (default %s)", fl.DefValue)
}

// printWrapped prints a text in lines of at most helpWidth columns. The first begins with
// first, the others with indent. A word that is longer has a line of its own.
func printWrapped(w io.Writer, first, indent, text string) {
	line := first
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
			line += word
		case len(line)+1+len(word) > helpWidth:
			fmt.Fprintln(w, line)
			line = indent + word
		default:
			line += " " + word
		}
	}
	fmt.Fprintln(w, line)
}

// didYouMean returns the end of an error message that names the word most like a mistyped
// one, written with a prefix, or "" if none is like it.
func didYouMean(word string, words []string, prefix string) string {
	best, found := len(word)/3+1, ""
	for _, w := range words {
		if d := distance(word, w); d <= best && (found == "" || d < best) {
			best, found = d, w
		}
	}
	if found == "" {
		return ""
	}
	return "; did you mean " + prefix + found + "?"
}

// distance returns the Levenshtein distance of two words: how many bytes must be
// inserted, deleted or replaced to make one into the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
