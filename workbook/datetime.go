package workbook

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the same time zones on every machine, also without those of the system

	"github.com/matchfloor/matchfloor/floor"
)

// date is a day without a time zone.
type date struct {
	year  int
	month time.Month
	day   int
}

func dateOf(t time.Time) date { y, m, d := t.Date(); return date{y, m, d} }

func (d date) plus(days int) date {
	return dateOf(time.Date(d.year, d.month, d.day+days, 0, 0, 0, 0, time.UTC))
}

func (d date) String() string {
	return time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// calendar converts the dates and times of a workbook to instants.
type calendar struct {
	zone  *time.Location
	first date // the first day of the event; zero: unknown
	d1904 bool
}

var datePattern = regexp.MustCompile(`^(\d{4})\s*[-./年년]\s*(\d{1,2})\s*[-./月월]\s*(\d{1,2})\s*[.日일]?$`)

// parseDate parses 2026-11-24 and its variants, or the number that a spreadsheet program
// stores for a date.
func (c calendar) parseDate(s string) (date, bool) {
	s = normalize(s)
	if m := datePattern.FindStringSubmatch(s); m != nil {
		return validDate(atoi(m[1]), atoi(m[2]), atoi(m[3]))
	}
	if serial, err := strconv.ParseFloat(s, 64); err == nil && serial == math.Trunc(serial) {
		return c.serialDate(serial)
	}
	return date{}, false
}

// parseDay parses a date, or the number of a day of the event: 2 is its second day.
func (c calendar) parseDay(s string) (date, bool) {
	if n, err := strconv.Atoi(normalize(s)); err == nil && n >= 1 && n <= 60 && c.first != (date{}) {
		return c.first.plus(n - 1), true
	}
	return c.parseDate(s)
}

func validDate(y, m, d int) (date, bool) {
	got := date{y, time.Month(m), d}
	return got, y >= 1970 && y <= 2200 && got == dateOf(time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC))
}

func atoi(s string) int { n, _ := strconv.Atoi(s); return n } // s consists of digits: a pattern has matched it

// serialDate converts the whole days of a spreadsheet's date. Dates before 1970 are refused,
// so that the spreadsheet's nonexistent leap day of 1900 does not matter.
func (c calendar) serialDate(serial float64) (date, bool) {
	base := date{1899, time.December, 30}
	if c.d1904 {
		base = date{1904, time.January, 1}
	}
	if serial < 20_000 || serial > 110_000 {
		return date{}, false
	}
	d := base.plus(int(serial))
	return validDate(d.year, int(d.month), d.day)
}

var timePattern = regexp.MustCompile(`^(?:(\d{4}[-./]\d{1,2}[-./]\d{1,2})[ T]\s*)?(\d{1,2}):(\d{2})(?::(\d{2}))?$`)

// parseTime parses a time of day, on the given day unless the text has a date. If the code
// is not empty, it says what is wrong.
func (c calendar) parseTime(s string, day date) (floor.Instant, Code) {
	s = normalize(s)
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return floor.Instant(t.UnixMilli()), ""
	}
	if serial, err := strconv.ParseFloat(s, 64); err == nil {
		return c.serialTime(serial, day)
	}
	m := timePattern.FindStringSubmatch(s)
	if m == nil {
		return 0, BadTime
	}
	if m[1] != "" {
		var ok bool
		if day, ok = c.parseDate(m[1]); !ok {
			return 0, BadTime
		}
	}
	h, min, sec := atoi(m[2]), atoi(m[3]), atoi(m[4])
	if h > 23 || min > 59 || sec > 59 {
		return 0, BadTime
	}
	return c.at(day, h, min, sec)
}

// serialTime converts a spreadsheet's time: a fraction of a day, with or without whole days.
func (c calendar) serialTime(serial float64, day date) (floor.Instant, Code) {
	if math.IsNaN(serial) || serial < 0 {
		return 0, BadTime
	}
	days, fraction := math.Modf(serial)
	seconds := int(math.Round(fraction * 86400))
	if days != 0 {
		var ok bool
		if day, ok = c.serialDate(days); !ok || seconds == 0 { // a date without a time
			return 0, BadTime
		}
	}
	if seconds == 86400 {
		return 0, BadTime
	}
	return c.at(day, seconds/3600, seconds/60%60, seconds%60)
}

func (c calendar) at(day date, h, min, sec int) (floor.Instant, Code) {
	if day == (date{}) {
		return 0, NoDate
	}
	t := time.Date(day.year, day.month, day.day, h, min, sec, 0, c.zone)
	if t.Hour() != h || t.Minute() != min {
		return 0, NoSuchTime
	}
	return floor.Instant(t.UnixMilli()), ""
}

var shiftPattern = regexp.MustCompile(`^(.*\d{1,2}:\d{2}(?::\d{2})?)\s*[-–—~〜至]\s*(\d.*)$`)

// parseShift parses "13:00-18:30". Each side may have a date; without one, the first side is
// on the first day of the event, and the second side on the day of the first. Two times in
// RFC 3339 are separated by a slash.
func (c calendar) parseShift(s string) (floor.Span, Code) {
	s = normalize(s)
	from, to, ok := strings.Cut(s, "Z/")
	if ok {
		from += "Z"
	} else {
		m := shiftPattern.FindStringSubmatch(s)
		if m == nil {
			return floor.Span{}, BadShift
		}
		from, to = m[1], m[2]
	}
	start, code := c.parseTime(from, c.first)
	if code != "" {
		return floor.Span{}, shiftCode(code)
	}
	end, code := c.parseTime(to, dateOf(c.local(start)))
	if code != "" {
		return floor.Span{}, shiftCode(code)
	}
	if end <= start {
		return floor.Span{}, BadShift
	}
	return floor.Span{Start: start, End: end}, ""
}

func shiftCode(code Code) Code {
	if code == BadTime {
		return BadShift
	}
	return code
}

func (c calendar) local(i floor.Instant) time.Time {
	return time.UnixMilli(int64(i)).In(c.zone)
}

// formatTime formats an instant so that parseTime returns it: the time alone if it is on the
// given day, otherwise with the date, and in RFC 3339 if local time is not exact (fractions
// of seconds, the hour that occurs twice).
func (c calendar) formatTime(i floor.Instant, day date) string {
	t := c.local(i)
	clock := t.Format("15:04")
	if t.Second() != 0 {
		clock = t.Format(time.TimeOnly)
	}
	if dateOf(t) != day {
		clock = t.Format(time.DateOnly) + " " + clock
	}
	if back, code := c.parseTime(clock, day); code == "" && back == i {
		return clock
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// formatShift formats a span so that parseShift returns it.
func (c calendar) formatShift(s floor.Span) string {
	start, end := c.formatTime(s.Start, c.first), c.formatTime(s.End, dateOf(c.local(s.Start)))
	text := start + "-" + end
	if back, code := c.parseShift(text); code == "" && back == s {
		return text
	}
	full := func(i floor.Instant) string { return c.local(i).UTC().Format(time.RFC3339Nano) }
	return full(s.Start) + "/" + full(s.End)
}
