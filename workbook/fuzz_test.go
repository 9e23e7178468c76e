package workbook

import (
	"archive/zip"
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzPart replaces the XML in a workbook. Read must return a forum that survives a round
// trip, or faults.
func FuzzPart(f *testing.F) {
	inside := parts(f, file(f, small()))
	var names []string
	for name := range inside {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		f.Add(uint(i), inside[name])
		f.Add(uint(i), bytes.ReplaceAll(inside[name], []byte(`t="inlineStr"`), []byte(`t="s"`)))
	}
	at := uint(slices.Index(names, attendeesPart))
	for _, text := range []string{
		``, `<worksheet/>`, `<worksheet><sheetData><row r="0"/></sheetData></worksheet>`, `<worksheet><sheetData><row r="-1"><c r="A0"/></row></sheetData></worksheet>`,
		`<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>99999</v></c></row></sheetData></worksheet>`,
		`<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>-1</v></c></row></sheetData></worksheet>`,
		`<worksheet><sheetData><row r="1"><c r="A1"><v>1e309</v></c><c r="A1" t="e"><v>#REF!</v></c></row></sheetData></worksheet>`,
		`<!DOCTYPE x [<!ENTITY e "eeeeeeeeee">]><worksheet><sheetData><row><c t="str"><v>&e;</v></c></row></sheetData></worksheet>`,
		`<?xml version="1.0" encoding="UTF-16"?><worksheet/>`,
	} {
		f.Add(at, []byte(text))
	}
	f.Fuzz(func(t *testing.T, part uint, text []byte) {
		changed := map[string][]byte{}
		for name, old := range inside {
			changed[name] = old
		}
		changed[names[part%uint(len(names))]] = text
		forum, faults := read(t, zipPartsWith(t, changed, zip.Store)) // compressing takes longer than reading
		if len(faults) > 0 {
			return
		}
		again := readOK(t, written(t, forum))
		if diff := cmp.Diff(forum, again); diff != "" {
			t.Error(diff)
		}
	})
}
