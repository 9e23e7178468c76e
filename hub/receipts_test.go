package hub_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// wideForum returns a forum with one round of n meetings, each of two companies of two.
func wideForum(n int) floor.Forum {
	f := forum(time.Now())
	f.Tables, f.Companies, f.Attendees, f.Meetings = nil, nil, nil, nil
	for i := range n {
		t := floor.TableID(fmt.Sprintf("T%d", i))
		f.Tables = append(f.Tables, floor.Table{ID: t, Label: string(t), Zone: "A", Capacity: 6})
		m := floor.Meeting{ID: floor.MeetingID(fmt.Sprintf("m%d", i)), Place: floor.Place{Round: "R1", Table: t}}
		for side, party := range map[string]*floor.Party{"h": &m.Host, "g": &m.Guest} {
			party.Company = floor.CompanyID(fmt.Sprintf("%s%d", side, i))
			f.Companies = append(f.Companies, floor.Company{ID: party.Company, Name: floor.Text{En: "Firm"}, Country: "KR", Languages: []floor.Lang{"ko"}})
			for _, p := range []string{"a", "b"} {
				f.Attendees = append(f.Attendees, floor.Attendee{ID: floor.AttendeeID(string(party.Company) + p), Company: party.Company, Name: floor.Text{En: "Person"}})
			}
		}
		f.Meetings = append(f.Meetings, m)
	}
	return f
}

// openWideForum imports and releases a wide forum, and returns the ids of its people.
func openWideForum(t *testing.T, h *hub.Hub, n int) (people []floor.ActorID) {
	t.Helper()
	f := wideForum(n)
	mustSubmit(t, h, demo, "operator:cli", "import", floor.ImportForum{Forum: f})
	mustSubmit(t, h, demo, "operator:cli", "release", floor.ReleaseSchedule{})
	for _, a := range f.Attendees {
		people = append(people, floor.NewActorID(floor.RoleAttendee, a.ID))
	}
	return people
}

// callFirstRound calls the first round, which sends everybody a notice.
func callFirstRound(t *testing.T, h *hub.Hub) uint64 {
	t.Helper()
	return mustSubmit(t, h, demo, "moderator:lead", "call", floor.CallSlot{SlotRef: floor.SlotRef{Round: "R1"}})
}

// receiptRecord is a record of delivered notices: how many people it names, and when it was
// made.
type receiptRecord struct {
	people int
	at     floor.Instant
}

// receiptRecords returns the records of delivered notices in a log.
func receiptRecords(t *testing.T, j journal.Journal) (marks []receiptRecord) {
	t.Helper()
	for after := uint64(0); ; {
		page, err := j.Read(t.Context(), demo, after, journal.MaxPage)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Records) == 0 {
			return marks
		}
		for _, stored := range page.Records {
			r, err := floor.DecodeRecord(stored.Body)
			if err != nil {
				t.Fatal(err)
			}
			if after = stored.Seq; r.Kind != "markDelivered" {
				continue
			}
			m := receiptRecord{at: r.Wall}
			for _, c := range r.Changes {
				m.people += len(c.(floor.NoticeDelivered).To)
			}
			if r.By != floor.Clock {
				t.Errorf("given by %s", r.By)
			}
			marks = append(marks, m)
		}
	}
}

// undelivered returns how many people the one notice has not reached, as the client's view
// says.
func (p *phone) undelivered() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, text := range p.cards {
		if strings.HasPrefix(string(key), "sent/") {
			var card floor.DeliveryCard
			if err := json.Unmarshal(text, &card); err != nil {
				p.t.Error(err)
			}
			n += card.Count
		}
	}
	return n
}

// The acknowledgements of two hundred clients make one record and one patch.
func TestReceipts_ManyMakeOneRecord(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		h := newHub(t, m, m)
		people := openWideForum(t, h, 50)
		o := &oracle{mem: m}
		staff := dial(t, h, o, "moderator:lead")
		for _, who := range people {
			dial(t, h, o, who)
		}
		seq := callFirstRound(t, h)
		synctest.Wait()
		if marks := receiptRecords(t, m); len(marks) != 0 || staff.undelivered() != 200 {
			t.Errorf("at once there are %v, and it waits for %d", marks, staff.undelivered())
		}
		staff.clear()
		time.Sleep(300 * time.Millisecond)
		synctest.Wait()
		if marks := receiptRecords(t, m); len(marks) != 1 || marks[0].people != 200 {
			t.Errorf("there are %v", marks)
		}
		if staff.kinds() != "patch" || staff.undelivered() != 0 {
			t.Errorf("the moderator was sent %s, and it waits for %d", staff.kinds(), staff.undelivered())
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := len(receiptRecords(t, m)); got != 1 || staff.position().Seq != seq+1 {
			t.Errorf("a minute later: %d records, at %v", got, staff.position())
		}
	})
}

// Acknowledgements that come one by one make one record a second, and all are recorded.
func TestReceipts_AreRecordedOnceASecond(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		h := newHub(t, m, m)
		people := openWideForum(t, h, 25)
		o := &oracle{mem: m}
		var phones []*phone
		for _, who := range people {
			p := dial(t, h, o, who)
			p.setMute(true)
			phones = append(phones, p)
		}
		callFirstRound(t, h)
		synctest.Wait()
		for _, p := range phones {
			p.setMute(false)
			p.ack()
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(2 * time.Second)
		marks, all := receiptRecords(t, m), 0
		for i, mark := range marks {
			all += mark.people
			if i > 0 && mark.at-marks[i-1].at < 1000 {
				t.Errorf("two records within %d ms", mark.at-marks[i-1].at)
			}
		}
		if all != len(people) || len(marks) > 7 {
			t.Errorf("%d records of %d people: %v", len(marks), all, marks)
		}
	})
}

// A person with clients on two nodes is recorded once, although both nodes know it.
func TestReceipts_ArePersonalOverNodes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		a, b := newHub(t, m, m), newHub(t, m, m)
		o := &oracle{mem: m}
		people := openWideForum(t, a, 5)
		for _, who := range people {
			dial(t, a, o, who)
			dial(t, b, o, who)
		}
		callFirstRound(t, a)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if marks := receiptRecords(t, m); len(marks) != 1 || marks[0].people != len(people) {
			t.Errorf("two nodes made %v", marks)
		}
	})
}

// What was not acknowledged does not count as delivered: neither to a client that is silent
// nor to one that acknowledges what it was never sent.
func TestReceipts_NeedAnAcknowledgement(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, o, m := setup(t)
		silent, forward := dial(t, h, o, "attendee:c0a"), dial(t, h, o, "attendee:c1a")
		silent.setMute(true)
		forward.setMute(true)
		for i := range 10 { // until no more is sent, and the notice has to wait
			mustSubmit(t, h, demo, "moderator:lead", fmt.Sprint("news-", i), announce("news"))
			synctest.Wait()
		}
		silent.ackOnce()
		callFirstRound(t, h)
		synctest.Wait()
		forward.session.Handle(wire.ClientFrame{Ack: &wire.Ack{Seq: 1 << 40}})
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if marks := receiptRecords(t, m); len(marks) != 0 {
			t.Errorf("nobody has acknowledged, and there are %v", marks)
		}
		// The node stops before it has recorded what was acknowledged: the client says
		// again to the next node what it holds.
		silent.ackOnce()
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		again := newHub(t, m, m)
		silent.connect(again)
		time.Sleep(time.Second)
		synctest.Wait()
		if marks := receiptRecords(t, m); len(marks) != 1 || marks[0].people != 1 {
			t.Errorf("who came back with it: %v", marks)
		}
	})
}

// ackOnce acknowledges even if the phone is mute.
func (p *phone) ackOnce() {
	p.session.Handle(wire.ClientFrame{Ack: &wire.Ack{Seq: p.position().Seq}})
}

// While the journal does not answer, receipts wait, and nothing waits for them.
func TestReceipts_WaitForTheJournal(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		j := &switchedJournal{Journal: m}
		h := newHub(t, j, m)
		open(t, h)
		p := dial(t, h, &oracle{mem: m}, "attendee:c0a")
		p.setMute(true)
		callFirstRound(t, h)
		synctest.Wait()
		j.setUnreachable(true)
		p.setMute(false)
		p.ack()
		time.Sleep(20 * time.Second)
		j.setUnreachable(false)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if marks := receiptRecords(t, m); len(marks) != 1 || marks[0].people != 1 {
			t.Errorf("after the outage there are %v", marks)
		}
	})
}

// A log that older nodes may read gets no records of delivered notices. Once it says that
// there are no such nodes, the next ping makes them.
func TestReceipts_NeedTheLogsVersion(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		appendFirst(t, m, floor.Envelope{Key: "cli/import", By: floor.Operator, Unconditional: true, Version: 1, Command: floor.ImportForum{Forum: forum(time.Now())}})
		h := newHub(t, m, m)
		mustSubmit(t, h, demo, "operator:cli", "release", floor.ReleaseSchedule{})
		p := dial(t, h, &oracle{mem: m}, "attendee:c0a")
		callFirstRound(t, h)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if marks := receiptRecords(t, m); len(marks) != 0 {
			t.Errorf("an older log holds %v", marks)
		}
		mustSubmit(t, h, demo, "operator:cli", "raise", floor.RaiseVersion{Version: floor.FormatVersion})
		p.sync()
		time.Sleep(time.Second)
		synctest.Wait()
		if marks := receiptRecords(t, m); len(marks) != 1 {
			t.Errorf("after the upgrade: %v", marks)
		}
	})
}

// appendFirst appends the first record of the log, as a node of any version may.
func appendFirst(t *testing.T, j journal.Journal, o floor.Envelope) {
	t.Helper()
	decision, refused := floor.Decide(floor.New(), o)
	if refused != nil {
		t.Fatal(refused)
	}
	body, err := floor.EncodeRecord(floor.Record{Key: o.Key, Kind: floor.KindOf(o.Command), By: o.By, Changes: decision.Changes})
	if err != nil {
		t.Fatal(err)
	}
	batch := []journal.Record{{Key: journal.CommandKey(o.Key), Body: body}}
	start := journal.Genesis(demo, 1)
	journal.Chain(start, batch)
	if _, err := j.Append(t.Context(), demo, start, batch, time.Time{}); err != nil {
		t.Fatal(err)
	}
}
