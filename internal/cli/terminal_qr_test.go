package cli

import (
	"bytes"
	"strings"
	"testing"
)

func TestPrintQR_HasAMarginAndNoColoursInAFile(t *testing.T) {
	var out bytes.Buffer
	if err := printQR(&out, "http://192.168.1.5:8080/attendee#x"); err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	width := len([]rune(rows[0]))
	for i, l := range rows {
		if len([]rune(l)) != width {
			t.Errorf("row %d has %d characters, the first %d", i, len([]rune(l)), width)
		}
	}
	if width < 21+2*quiet || len(rows) != (width+1)/2 || strings.Contains(out.String(), "\x1b") {
		t.Errorf("%d × %d", width, len(rows))
	}
}
