// Command build makes static/dist from static/src, and static/src/shared/cards.ts from the source of
// package floor. It must run at the root of the repository.
//
//	go run ./static/build           write both
//	go run ./static/build -check    fail if a file would change
//	go run ./static/build -tests DIR    write the pages' unit tests and stories to DIR
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/matchfloor/matchfloor/static/bundle"
)

func main() {
	check := flag.Bool("check", false, "write nothing; fail if static/dist or src/shared/cards.ts would change")
	tests := flag.String("tests", "", "write test.html and the stories to this `folder` instead")
	flag.Parse()
	if err := build(*check, *tests); err != nil {
		fmt.Fprintln(os.Stderr, "static/build:", err)
		os.Exit(1)
	}
}

const root = "static"

func build(check bool, tests string) error {
	if tests != "" {
		files, err := bundle.BuildTests(root)
		if err != nil {
			return err
		}
		return files.Write(tests)
	}
	if err := cards(check); err != nil {
		return err
	}
	files, err := bundle.Build(root)
	if err != nil {
		return err
	}
	for _, page := range bundle.Pages {
		fmt.Printf("%-12s %6d bytes gzip\n", page.Name, files.Size(page.Name))
	}
	dist := filepath.Join(root, "dist")
	if !check {
		return files.Write(dist)
	}
	found, err := files.Differences(dist)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return fmt.Errorf("static/dist is not what static/src makes; run `make bundle`:\n  %s", strings.Join(found, "\n  "))
	}
	return nil
}

// cards writes src/shared/cards.ts; with check it only compares the file with floor's source.
func cards(check bool) error {
	text, err := bundle.Cards("floor")
	if err != nil {
		return err
	}
	name := filepath.Join(root, "src", "shared", "cards.ts")
	there, err := os.ReadFile(name)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	if string(there) == text {
		return nil
	}
	if check {
		return fmt.Errorf("%s is not what floor's source yields; run `make bundle`", name)
	}
	return os.WriteFile(name, []byte(text), 0o644)
}
