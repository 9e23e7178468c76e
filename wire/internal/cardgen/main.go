// Command cardgen writes wire/cards_gen.go: for each card of package floor, and for each struct in
// one, a function that appends its JSON. `go generate ./wire` runs it.
//
//	go run ./wire/internal/cardgen -floor floor -o wire/cards_gen.go           write the file
//	go run ./wire/internal/cardgen -floor floor -o wire/cards_gen.go -check    fail if it would change
//
// The bytes equal those of the JSON encoder with the options that package wire uses; a test of wire
// compares them. cardgen knows the kinds of fields that cards have. It fails on every other kind, and
// on every tag and method that would change how the JSON encoder encodes a field.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	dir := flag.String("floor", "../floor", "the `folder` of package floor")
	out := flag.String("o", "cards_gen.go", "the `file` to write")
	check := flag.Bool("check", false, "write nothing; fail if the file would change")
	flag.Parse()
	if err := run(*dir, *out, *check); err != nil {
		fmt.Fprintln(os.Stderr, "cardgen:", err)
		os.Exit(1)
	}
}

func run(dir, out string, check bool) error {
	pkg, err := load(dir)
	if err != nil {
		return err
	}
	text, err := generate(pkg)
	if err != nil {
		return err
	}
	if !check {
		return os.WriteFile(out, text, 0o644)
	}
	found, err := os.ReadFile(out)
	if err != nil {
		return err
	}
	if string(found) != string(text) {
		return fmt.Errorf("%s is not what the cards of %s yield; run `go generate ./wire`", out, dir)
	}
	return nil
}
