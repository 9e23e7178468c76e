package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// A phone is on one node, a moderator on another. The moderator sees whether a notice was
// sent, delivered, seen, or told in person, and whether the phone is online, in the background
// or offline, also after its node was killed.
func TestPresence_AndReceiptsCrossNodes(t *testing.T) {
	v := redisVenue(t)
	lead := v.importAndRelease(v.nodes[1].url())
	m, card := freeMeeting(t, lead)
	reader, away := attendee(card.Host.People[0]), attendee(card.Guest.People[0])
	v.signInAt(v.nodes[0].url(), reader)
	phone := v.people[reader]

	v.measureDelivery(lead, phone, m)
	note := v.noticeOf(lead, m)
	lead.sees("that the other's phone has not got it", func(view client.View) bool {
		sent, ok := client.Get[floor.DeliveryCard](view, "sent/"+floor.CardKey(note))
		return ok && !slices.Contains(sent.Who, floor.ActorID(reader)) && slices.Contains(sent.Who, floor.ActorID(away))
	})
	v.checkPresence(lead, phone, floor.ActorID(away))

	lead.mustSubmit(floor.MarkTold{Notice: note, Who: []floor.ActorID{floor.ActorID(away)}})
	if c, ok := client.Get[floor.UnseenCard](lead.View(), unseenKey(note, away)); !ok || c.ToldBy != "moderator:s1" {
		t.Errorf("the unseen card after a notice was told in person: %+v", c)
	}
	if _, err := phone.submit(floor.AcknowledgeNotices{Notices: []floor.NoticeID{note}}); err != nil {
		t.Fatal(err)
	}
	lead.sees("that it was seen", func(view client.View) bool {
		_, waits := client.Get[floor.UnseenCard](view, unseenKey(note, reader))
		return !waits
	})
	v.move(lead, m) // so that there is an unseen notice
	v.checkNodeDeath(lead, phone)
	v.checkConverged()
}

func attendee(id floor.AttendeeID) string { return "attendee:" + string(id) }

func unseenKey(note floor.NoticeID, who string) floor.CardKey {
	return floor.CardKey("unseen/" + string(note) + ":" + who)
}

// freeMeeting returns a meeting that can be moved to the spare tables.
func freeMeeting(t *testing.T, lead *person) (floor.MeetingID, floor.MeetingCard) {
	t.Helper()
	for id, card := range client.Each[floor.MeetingCard](lead.View(), "meeting") {
		if card.Place.Round == "R3" && card.Place.Table != "" {
			return floor.MeetingID(id), card
		}
	}
	t.Fatal("no meeting in the third round")
	return "", floor.MeetingCard{}
}

// move moves a meeting to the other one of the two spare tables.
func (v *venue) move(lead *person, m floor.MeetingID) {
	v.t.Helper()
	card, _ := client.Get[floor.MeetingCard](lead.View(), floor.CardKey("meeting/"+m))
	to := floor.TableID("T25")
	if card.Place.Table == to {
		to = "T26"
	}
	lead.mustSubmit(floor.MoveMeeting{Meeting: m, Table: to})
}

// noticeOf returns the notice that a meeting's people have not seen.
func (v *venue) noticeOf(lead *person, m floor.MeetingID) floor.NoticeID {
	v.t.Helper()
	for id, card := range client.Each[floor.NoticeCard](lead.View(), "notice") {
		if card.Meeting == m {
			return floor.NoticeID(id)
		}
	}
	v.t.Fatalf("no notice about %s", m)
	return ""
}

// measureDelivery moves a meeting six times. It measures from the frame on the phone, which
// acknowledges it immediately, to the moderator's frame that shows the delivery.
func (v *venue) measureDelivery(lead, phone *person, m floor.MeetingID) {
	v.t.Helper()
	var took []time.Duration
	began := time.Now()
	for range 6 {
		n, on := lead.frameCount(), phone.frameCount()
		v.move(lead, m)
		key := "sent/" + string(v.noticeOf(lead, m))
		var shown time.Time
		eventually(v.t, 5*time.Second, "the moderator to see that it was delivered", func() error {
			sent, ok := client.Get[floor.DeliveryCard](lead.View(), floor.CardKey(key))
			if ok && !slices.Contains(sent.Who, floor.ActorID(phone.name)) {
				frames := lead.framesSince(n)
				shown = lastWith(frames, key).at
				return nil
			}
			return fmt.Errorf("it waits for %v", sent.Who)
		})
		took = append(took, shown.Sub(lastWith(phone.framesSince(on), "notice/").at))
	}
	v.logState()
	marks := 0
	for _, r := range v.records {
		if r.Kind == "markDelivered" {
			marks++
		}
	}
	if most := int(time.Since(began)/time.Second) + 2; marks > most {
		v.t.Errorf("%d records in %v", marks, time.Since(began))
	}
	first := took[0].Round(time.Millisecond)
	slices.Sort(took)
	v.t.Logf("notice on the phone of one node → \"delivered\" on the console of the other: the first %v; one right after the other p50 %v, max %v",
		first, took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
	if worst := took[len(took)-1]; worst > 3*time.Second {
		v.t.Errorf("the slowest took %v", worst)
	}
}

// lastWith returns the last frame that set a key with a prefix.
func lastWith(frames []frame, prefix string) frame {
	for _, f := range slices.Backward(frames) {
		if slices.ContainsFunc(f.keys, func(k string) bool { return strings.HasPrefix(k, prefix) }) {
			return f
		}
	}
	return frame{}
}

// waitForStatus waits until a moderator's status frame satisfies a condition, and returns how
// long that took.
func (v *venue) waitForStatus(lead *person, what string, ok func(wire.StatusFrame) bool) time.Duration {
	v.t.Helper()
	began := time.Now()
	eventually(v.t, 20*time.Second, what, func() error {
		if status := lead.Status(); !ok(status) {
			return fmt.Errorf("the moderator's status is %+v", status)
		}
		return nil
	})
	return time.Since(began).Round(10 * time.Millisecond)
}

// checkPresence checks a phone that is online, in the background, offline and back.
func (v *venue) checkPresence(lead, phone *person, never floor.ActorID) {
	v.t.Helper()
	who := floor.ActorID(phone.name)
	is := func(l wire.StatusFrame) (asleep, gone floor.Instant, live bool) {
		asleep, gone = l.Asleep[who], l.Gone[who]
		return asleep, gone, asleep == 0 && gone == 0 && l.Here["live"] == 1
	}
	v.waitForStatus(lead, "the phone to be online, and a person who never connected", func(l wire.StatusFrame) bool {
		_, _, live := is(l)
		since, named := l.Gone[never]
		return live && named && since == 0
	})
	phone.SetHidden(true)
	asleep := v.waitForStatus(lead, "the phone to be in the background", func(l wire.StatusFrame) bool { a, _, _ := is(l); return a != 0 })
	phone.SetHidden(false)
	live := v.waitForStatus(lead, "the phone to be online again", func(l wire.StatusFrame) bool { _, _, live := is(l); return live })
	phone.Close()
	gone := v.waitForStatus(lead, "the phone to be offline", func(l wire.StatusFrame) bool { _, g, _ := is(l); return g != 0 })
	phone.dial(nil)
	back := v.waitForStatus(lead, "the phone to be back", func(l wire.StatusFrame) bool { _, _, live := is(l); return live })
	v.t.Logf("shown on the other node: background after %v, online after %v, offline after %v, back after %v", asleep, live, gone, back)
}

// checkNodeDeath kills the phone's node; the phone knows no other one.
func (v *venue) checkNodeDeath(lead, phone *person) {
	v.t.Helper()
	who := floor.ActorID(phone.name)
	v.waitForStatus(lead, "the phone to be online", func(l wire.StatusFrame) bool { _, gone := l.Gone[who]; return !gone && l.Here["live"] == 1 })
	died := time.Now()
	v.nodes[0].kill()
	took := v.waitForStatus(lead, "the phone to be offline with its node", func(l wire.StatusFrame) bool { return l.Gone[who] != 0 })
	since := lead.Status().Gone[who]
	v.t.Logf("shown offline %v after its node was killed, since a time %v before the kill", took, died.Sub(time.UnixMilli(int64(since))).Round(time.Second))
	if took > 15*time.Second || since < floor.Instant(died.Add(-5*time.Second).UnixMilli()) || since > floor.Instant(died.Add(time.Second).UnixMilli()) {
		v.t.Errorf("shown offline after %v, since %v", took, time.UnixMilli(int64(since)))
	}
	if lead.Status().Partial {
		v.t.Error("the console shows that presence is partial")
	}
	v.nodes[0].start()
	v.waitForStatus(lead, "the phone to be online on the restarted node", func(l wire.StatusFrame) bool { _, gone := l.Gone[who]; return !gone })
}
