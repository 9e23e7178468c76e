package floor

import (
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits of texts and settings.
const (
	MaxText          = 300 // runes of one language of an announcement
	MaxReason        = 120 // runes
	MaxAnnouncements = 50  // at a time
	defaultAnnounce  = 15  // minutes
	maxAnnounce      = 240 // minutes
	maxRate          = 60
	lastInstant      = Instant(4_102_444_800_000) // 2100-01-01: keeps every instant within the integers that JavaScript represents exactly
)

func (c ImportForum) decide(d *decision) *Error {
	if d.Released() {
		return newError(CodeReleased, "version", itoa(d.event.Version))
	}
	if d.event.ID != "" && d.event.ID != c.Forum.Event.ID {
		return badValue("event")
	}
	if faults := CheckForum(c.Forum); len(faults) > 0 {
		return faults[0].Err
	}
	if c.Forum.Event.PurgeAt != 0 && d.Version() < purgeVersion {
		return newError(CodeNeedsUpgrade, "version", itoa(purgeVersion))
	}
	forum := c.Forum
	forum.Event.Version, forum.Event.ReleasedAt = 0, 0
	d.emit(ForumImported{forum})
	return nil
}

func (ReleaseSchedule) decide(d *decision) *Error {
	if d.event.ID == "" {
		return newError(CodeUnknown, "of", "event")
	}
	if d.Released() {
		return newError(CodeReleased, "version", itoa(d.event.Version))
	}
	d.emit(ScheduleReleased{d.event.Version + 1})
	return nil
}

func (c SetClock) decide(d *decision) *Error {
	if c.Rate < 1 || c.Rate > maxRate {
		return badValue("rate")
	}
	if c.Event <= 0 || c.Event > lastInstant {
		return badValue("event")
	}
	d.emit(ClockSet{EventClock{Wall: d.envelope.ReceivedAt, Event: c.Event, Rate: c.Rate}})
	return nil
}

func (c RotateLink) decide(d *decision) *Error {
	ref := linkRef(c.Link)
	l, ok := d.links.Get(c.Link)
	if !ok {
		return unknown(ref)
	}
	if err := d.checkBase(ref); err != nil {
		return err
	}
	d.emit(LinkRotated{c.Link, l.Generation + 1})
	return nil
}

func (c Announce) decide(d *decision) *Error {
	minutes := c.Minutes
	if minutes == 0 {
		minutes = defaultAnnounce
	}
	if minutes < 1 || minutes > maxAnnounce {
		return badValue("minutes")
	}
	if c.Text.Empty() || !c.Text.Clean(MaxText) {
		return badValue("text")
	}
	if d.announcements.Len() >= MaxAnnouncements {
		return newError(CodeTooMany, "of", "announcement", "limit", itoa(MaxAnnouncements))
	}
	d.emit(Announced{Announcement{
		ID: AnnouncementID(d.newID("a")), Text: c.Text, At: d.now, Until: d.now + Instant(minutes)*Minute,
	}})
	return nil
}

func (c WithdrawAnnouncement) decide(d *decision) *Error {
	a, ok := d.announcements.Get(c.Announcement)
	if !ok {
		return unknown(announcementRef(c.Announcement))
	}
	d.emit(AnnouncementWithdrawn{Announcement: a})
	return nil
}

func (c AddOrganiser) decide(d *decision) *Error {
	if !ValidID(string(c.Organiser)) {
		return badValue("organiser")
	}
	if d.organisers.Has(c.Organiser) {
		return newError(CodeAlready, "of", organiserRef(c.Organiser).String(), "state", "added")
	}
	d.emit(OrganiserAdded{Organiser{c.Organiser, c.Name}})
	return nil
}

func (c RegisterEvent) decide(d *decision) *Error {
	if !ValidID(string(c.Event)) || c.Event == "_" {
		return badValue("event")
	}
	entry := EventEntry{c.Event, c.Name}
	if old, ok := d.events.Get(c.Event); ok && old == entry {
		return newError(CodeNothingChanges)
	}
	d.emit(EventRegistered{entry})
	return nil
}

func (c SetPublicURL) decide(d *decision) *Error {
	address := strings.TrimRight(c.URL, "/")
	_, host, ok := strings.Cut(address, "://")
	if !ok || host == "" || !strings.HasPrefix(address, "http") || strings.ContainsAny(address, "?#@ ") || !cleanText(address, MaxText) {
		return badValue("url")
	}
	if d.publicURL == address {
		return newError(CodeNothingChanges)
	}
	d.emit(PublicURLSet{address})
	return nil
}

// KeyIDLength is the length of the id of an instance key, in hex digits.
const KeyIDLength = 16

func (c SetInstanceKey) decide(d *decision) *Error {
	if _, err := hex.DecodeString(c.Key); err != nil || len(c.Key) != KeyIDLength || c.Key != strings.ToLower(c.Key) {
		return badValue("key")
	}
	switch d.keyID {
	case c.Key:
		return newError(CodeNothingChanges)
	case c.Was:
		d.emit(InstanceKeySet{c.Key})
		return nil
	}
	return newError(CodeAlready, "of", Ref{RefInstance, "key"}.String(), "state", "set")
}

// Clean reports whether every language is plain text of at most limit runes.
func (t Text) Clean(limit int) bool {
	return cleanText(t.Ko, limit) && cleanText(t.Zh, limit) && cleanText(t.En, limit)
}

// cleanText reports whether s is valid UTF-8 of at most limit runes, without control characters and
// without characters that change the direction of text.
func cleanText(s string, limit int) bool {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > limit {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
	})
}
