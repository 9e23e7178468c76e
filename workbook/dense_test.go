//go:build unix

package workbook

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// cpuTime returns the processor time that this process has taken.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// A small file can hold millions of empty rows, cells or attributes. A file with more of
// them than a floor needs must be refused while it is unpacked, and a file just within the
// limits must cost about as much as an ordinary workbook of 300 tables and 20 rounds.
func TestRead_DenseMarkupCostsNoMoreThanALargeWorkbook(t *testing.T) {
	const most = 4 // times the ordinary one's cost
	rows := func(n int, row string) string { return strings.Repeat(row, n) + "</sheetData>" }
	dense := func(text string) []byte { return withPart(t, attendeesPart, "</sheetData>", text) }
	ordinary := written(t, large(300, 20))
	cost := func(book []byte) (time.Duration, bool) {
		began := cpuTime(t)
		_, faults := read(t, book)
		return cpuTime(t) - began, len(faults) > 0 && faults[0].Code == FileTooBig
	}
	cost(ordinary) // what is made once is made
	fair, refused := cost(ordinary)
	if refused {
		t.Fatal("an ordinary workbook is refused")
	}
	for name, c := range map[string]struct {
		book    []byte
		refused bool
	}{
		"a million empty rows":        {dense(rows(1_000_000, "<row/>")), true},
		"four million empty rows":     {dense(rows(4_000_000, "<row/>")), true},
		"a row of six million cells":  {dense(rows(1, "<row>"+strings.Repeat("<c/>", 6_000_000)+"</row>")), true},
		"full of cells":               {dense(rows(19_000, "<row>"+strings.Repeat(`<c t="str"><v>x</v></c>`, 60)+"</row>")), true},
		"six million other tags":      {dense("</sheetData>" + strings.Repeat("<a/>", 6_000_000)), true},
		"a tag of a million names":    {dense("</sheetData><a " + strings.Repeat(`a="" `, 1_000_000) + "/>"), true},
		"many tags of many names":     {dense("</sheetData>" + strings.Repeat("<a "+strings.Repeat(`a="" `, 12_000)+"/>", 450)), true},
		"a sheet that claims no XML":  {renamed(t, "sheet3.xml", "sheet3.bin", rows(4_000_000, "<row/>")), true},
		"400,000 empty rows":          {dense(rows(400_000, "<row/>")), false},
		"as many rows as may be":      {dense(rows(890_000, "<row/>")), false},
		"a row of as many cells":      {dense(rows(1, "<row>"+strings.Repeat("<c/>", 890_000)+"</row>")), false},
		"28 MB of text between cells": {dense("</sheetData>" + strings.Repeat("a", 28_000_000)), false},
	} {
		took, refused := cost(c.book)
		fair := fair
		for tries := 0; took > most*fair && tries < 2; tries++ {
			// Other work on the machine makes the same code dearer for a moment.
			again, _ := cost(c.book)
			ordinaryAgain, _ := cost(ordinary)
			took, fair = min(took, again), max(fair, ordinaryAgain)
		}
		t.Logf("%-28s %4d KB: %v, an ordinary one of %d KB: %v", name, len(c.book)>>10, took.Round(time.Millisecond), len(ordinary)>>10, fair.Round(time.Millisecond))
		if refused != c.refused {
			t.Errorf("%s: refused: %v", name, refused)
		}
		if took > most*fair {
			t.Errorf("%s costs %v, an ordinary workbook %v", name, took, fair)
		}
	}
}

// renamed returns the small workbook with more rows in a part that has another name.
func renamed(t *testing.T, old, name, rows string) []byte {
	t.Helper()
	inside := parts(t, file(t, small()))
	for part, text := range inside {
		inside[part] = []byte(strings.ReplaceAll(string(text), old, name))
	}
	text := strings.Replace(string(inside["xl/worksheets/"+old]), "</sheetData>", rows, 1)
	delete(inside, "xl/worksheets/"+old)
	inside["xl/worksheets/"+name] = []byte(text)
	return zipParts(t, inside)
}
