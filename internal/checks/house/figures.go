package house

import (
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/matchfloor/matchfloor/internal/checks/tree"
	"github.com/matchfloor/matchfloor/internal/checks/words"
)

const (
	longFunction = 40 // lines from which a function is worth a look
	shownTypes   = 15
)

// PrintFigures measures a module and writes a page of tables.
func PrintFigures(ctx context.Context, m tree.Module, out io.Writer) error {
	sources, err := m.Sources()
	if err != nil {
		return err
	}
	tangles, err := Tangles(ctx, m)
	if err != nil {
		return err
	}
	uses, err := words.Find(m)
	if err != nil {
		return err
	}
	files, err := m.Files(".go", ".ts", ".tsx", ".lua", ".css")
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	printPackages(w, sources, tangles)
	printLong(w, sources, files)
	printMethods(w, MethodSets(sources))
	printWords(w, uses)
	return w.Flush()
}

func printPackages(w io.Writer, sources []tree.Source, tangles []Tangle) {
	sizes, long := PackageSizes(sources), FunctionsOver(longFunction, sources)
	fmt.Fprintf(w, "Packages: %d, median %d lines without tests, largest %s with %d\n\n",
		len(sizes), Median(sizes), sizes[0].Where, sizes[0].Lines)
	fmt.Fprintf(w, "package\tlines\tfiles\tin a cycle\ttangle\tfunctions > %d\n", longFunction)
	for _, s := range sizes {
		in := slices.DeleteFunc(slices.Clone(long), func(f Size) bool { return path.Dir(f.Where) != s.Where })
		t := Tangle{}
		if i := slices.IndexFunc(tangles, func(t Tangle) bool { return t.Folder == s.Where }); i >= 0 {
			t = tangles[i]
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d %%\t%d\n", s.Where, s.Lines, t.Files, len(t.Cycle), t.Percent(), len(in))
	}
	printTangle(w, "all packages", tangles, func(string) bool { return true })
	printTangle(w, strings.Join(tight, ", "), tangles, isTight)
	fmt.Fprintln(w)
}

func printTangle(w io.Writer, name string, tangles []Tangle, in func(folder string) bool) {
	files, cycle := 0, 0
	for _, t := range tangles {
		if in(t.Folder) {
			files += t.Files
			cycle += len(t.Cycle)
		}
	}
	fmt.Fprintf(w, "%s\t\t%d\t%d\t%d %%\n", name, files, cycle, 100*cycle/max(1, files))
}

func printLong(w io.Writer, sources []tree.Source, files []tree.File) {
	over := FilesOver(MaxFile, files)
	fmt.Fprintf(w, "Files over %d lines: %d\n", MaxFile, len(over))
	for _, s := range over {
		fmt.Fprintf(w, "%s\t%d\n", s.Where, s.Lines)
	}
	fmt.Fprintf(w, "Functions over %d lines: %d, over %d lines: %d\n", longFunction, len(FunctionsOver(longFunction, sources)),
		MaxFunction, len(FunctionsOver(MaxFunction, sources)))
	for _, s := range FunctionsOver(longFunction, sources) {
		fmt.Fprintf(w, "%s\t%d\t%s\n", s.Name, s.Lines, s.Where)
	}
	fmt.Fprintln(w)
}

func printMethods(w io.Writer, sets []MethodSet) {
	fmt.Fprintf(w, "The %d types with the most methods\n\n", shownTypes)
	fmt.Fprintf(w, "type\tmethods\tfiles\twhere\n")
	for _, set := range sets[:min(shownTypes, len(sets))] {
		var names []string
		for _, file := range set.Files {
			names = append(names, path.Base(file))
		}
		name := strings.TrimPrefix(set.Folder+"."+set.Type, "..") // of the root: the type alone
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\n", name, set.Methods, len(set.Files), strings.Join(names, " "))
	}
	fmt.Fprintln(w)
}

// printWords writes how often each word is used in each folder.
func printWords(w io.Writer, uses []words.Use) {
	fmt.Fprintf(w, "Denied words: %d\n\n", len(uses))
	var folders, patterns []string
	count := map[[2]string]int{}
	for _, use := range uses {
		folders, patterns = append(folders, use.Folder()), append(patterns, use.Pattern)
		count[[2]string{use.Folder(), use.Pattern}]++
	}
	slices.Sort(folders)
	slices.Sort(patterns)
	folders, patterns = slices.Compact(folders), slices.Compact(patterns)
	fmt.Fprintf(w, "folder\t%s\n", strings.Join(patterns, "\t"))
	for _, folder := range folders {
		fmt.Fprint(w, folder)
		for _, pattern := range patterns {
			fmt.Fprintf(w, "\t%d", count[[2]string{folder, pattern}])
		}
		fmt.Fprintln(w)
	}
}
