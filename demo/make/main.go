// Command make writes the workbook of the sample forum, demo/forum.xlsx. Its output is
// deterministic.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"

	"github.com/matchfloor/matchfloor/workbook"
)

func main() {
	out := flag.String("o", "demo/forum.xlsx", "write the workbook to this `file`")
	flag.Parse()
	if err := run(*out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(out string) error {
	forum, err := build()
	if err != nil {
		return err
	}
	var file bytes.Buffer
	if err := workbook.Write(&file, forum); err != nil {
		return err
	}
	return os.WriteFile(out, file.Bytes(), 0o644)
}
