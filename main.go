// Command matchfloor runs the floor of a business-matching event: it serves the
// pages and the live connection, imports workbooks, prints links, and plays a
// demonstration day. Package internal/cli holds the subcommands.
package main

import (
	"os"

	"github.com/matchfloor/matchfloor/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
