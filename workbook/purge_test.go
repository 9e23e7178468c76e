package workbook

import (
	"bytes"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

// Names are kept until the end of the named day in the event's time zone, even if midnight
// does not exist there.
func TestRead_PurgeDateIsInTheEventsTimeZone(t *testing.T) {
	for zone, want := range map[string]string{
		"Asia/Seoul":          "2027-01-01T00:00:00+09:00",
		"America/Los_Angeles": "2027-01-01T00:00:00-08:00",
		"UTC":                 "2027-01-01T00:00:00Z",
	} {
		book := small()
		set(book, "event", 2, "time_zone", zone)
		set(book, "event", 2, "파기일", "2026-12-31")
		forum, faults := read(t, file(t, book))
		at, err := time.Parse(time.RFC3339, want)
		if err != nil || len(faults) > 0 || forum.Event.PurgeAt != floor.Instant(at.UnixMilli()) {
			t.Errorf("%s: from %v, want %v; %v", zone, time.UnixMilli(int64(forum.Event.PurgeAt)), want, faults)
		}
	}
	for _, zone := range []string{"Asia/Seoul", "America/Los_Angeles", "Asia/Beirut", "Africa/Cairo", "Pacific/Apia", "America/Havana"} {
		for _, day := range []string{"2026-12-31", "2027-03-27", "2027-04-29", "2027-10-28", "2028-02-29", "2027-03-13", "2027-11-06"} {
			book := small()
			set(book, "event", 2, "time_zone", zone)
			set(book, "event", 2, "purge_after", day)
			forum, _ := read(t, file(t, book))
			var again bytes.Buffer
			if err := Write(&again, forum); err != nil {
				t.Fatal(err)
			}
			if back, faults := read(t, again.Bytes()); len(faults) > 0 || back.Event.PurgeAt != forum.Event.PurgeAt || back.Event.PurgeAt == 0 {
				t.Errorf("%s in %s: written and read again it is %d, was %d; %v", day, zone, back.Event.PurgeAt, forum.Event.PurgeAt, faults)
			}
		}
	}
}

func TestRead_WithoutAPurgeDate(t *testing.T) {
	if forum, faults := read(t, file(t, small())); len(faults) > 0 || forum.Event.PurgeAt != 0 {
		t.Errorf("%d, %v", forum.Event.PurgeAt, faults)
	}
	for value, want := range map[string]Code{
		"soon":       BadDate,
		"2026-11-23": Rule, // the day before the event
		"2126-11-24": Rule, // a slip of the finger, surely
	} {
		book := small()
		set(book, "event", 2, "purge_after", value)
		_, faults := read(t, file(t, book))
		if len(faults) != 1 || faults[0].Code != want || faults[0].Column != "purge_after" || faults[0].Row != 2 {
			t.Errorf("%s: %v, want %s", value, faults, want)
		}
	}
}
