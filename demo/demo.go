// Package demo holds the sample forum: a fictional Korean–Chinese matching day with 60
// companies, as a workbook that a person can open and edit. The program in demo/make
// generates it. All companies and people in it are invented.
package demo

import (
	"bytes"
	_ "embed"
	"fmt"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/workbook"
)

//go:generate go run ./make -o forum.xlsx

//go:embed forum.xlsx
var forumXLSX []byte

// Workbook returns the bytes of forum.xlsx. The caller owns them.
func Workbook() []byte { return bytes.Clone(forumXLSX) }

// Forum returns the forum that the workbook describes: 2026-11-24, in Seoul. An error
// means that the embedded file and package workbook do not match.
func Forum() (floor.Forum, error) {
	forum, faults, err := workbook.Read(bytes.NewReader(forumXLSX), int64(len(forumXLSX)))
	switch {
	case err != nil:
		return floor.Forum{}, err
	case len(faults) > 0:
		return floor.Forum{}, fmt.Errorf("read the sample workbook: %w", faults[0])
	}
	return forum, nil
}

// OnDay returns the forum moved by whole days, so that it begins on the date of the instant day, in
// the event's time zone. Times of day stay the same. The lists that change are new; the others are
// shared with f. An error means that the event's time zone is unknown.
func OnDay(f floor.Forum, day time.Time) (floor.Forum, error) {
	zone, err := time.LoadLocation(f.Event.TimeZone)
	if err != nil {
		return floor.Forum{}, fmt.Errorf("load the event's time zone: %w", err)
	}
	days := daysBetween(firstStart(f), day, zone)
	move := func(i floor.Instant) floor.Instant {
		return floor.Instant(time.UnixMilli(int64(i)).In(zone).AddDate(0, 0, days).UnixMilli())
	}
	span := func(s floor.Span) floor.Span { return floor.Span{Start: move(s.Start), End: move(s.End)} }
	f.Items = each(f.Items, func(i floor.Item) floor.Item { i.Plan, i.Now = span(i.Plan), span(i.Now); return i })
	f.Rounds = each(f.Rounds, func(r floor.Round) floor.Round { r.Plan, r.Now = span(r.Plan), span(r.Now); return r })
	f.Interpreters = each(f.Interpreters, func(i floor.Interpreter) floor.Interpreter {
		i.Shifts = each(i.Shifts, span)
		return i
	})
	return f, nil
}

// firstStart returns the earliest planned start in a forum; 0 if it has none.
func firstStart(f floor.Forum) (first floor.Instant) {
	note := func(i floor.Instant) {
		if first == 0 || i < first {
			first = i
		}
	}
	for _, i := range f.Items {
		note(i.Plan.Start)
	}
	for _, r := range f.Rounds {
		note(r.Plan.Start)
	}
	return first
}

// daysBetween returns the number of midnights between two moments in a time zone.
func daysBetween(from floor.Instant, to time.Time, zone *time.Location) int {
	noon := func(t time.Time) time.Time {
		y, m, d := t.In(zone).Date()
		return time.Date(y, m, d, 12, 0, 0, 0, time.UTC) // in UTC every day has 24 hours
	}
	return int(noon(to).Sub(noon(time.UnixMilli(int64(from)))) / (24 * time.Hour))
}

func each[T any](things []T, change func(T) T) []T {
	if things == nil {
		return nil
	}
	changed := make([]T, len(things))
	for i, t := range things {
		changed[i] = change(t)
	}
	return changed
}
