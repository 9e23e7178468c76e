package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"rsc.io/qr"
)

// quiet is the light margin that a QR code needs around it, in modules.
const quiet = 3

// printQR prints text as a QR code, two modules in one character. On a terminal it sets
// the colours, so that the code is dark on light with every theme.
func printQR(w io.Writer, text string) error {
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return fmt.Errorf("a QR code of a link: %w", err)
	}
	begin, end := "", ""
	if isTerminal(w) {
		begin, end = "\x1b[97;40m", "\x1b[0m"
	}
	for y := -quiet; y < code.Size+quiet; y += 2 {
		var line strings.Builder
		for x := -quiet; x < code.Size+quiet; x++ {
			// Code.Black is false outside of the code, which makes the margin.
			line.WriteString(halves[btoi(!code.Black(x, y))<<1|btoi(!code.Black(x, y+1))])
		}
		if _, err := fmt.Fprintln(w, begin+line.String()+end); err != nil {
			return err
		}
	}
	return nil
}

// halves are the characters for an upper and a lower module. Light modules are printed.
var halves = [4]string{" ", "▄", "▀", "█"}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
