//go:build linux

package loadtest

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
	"github.com/matchfloor/matchfloor/workbook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A forum of any size breaks no hard rule, has free tables in every round, and survives a
// round trip through a workbook.
func TestNewForum_IsValid(t *testing.T) {
	for _, n := range []int{5, 7, 60, 300, 10_000} {
		made := newForum("load-x", n, 6, time.Now())
		if len(made.Attendees) < n || len(made.Attendees) >= n+peoplePerMeeting {
			t.Errorf("%d: %d attendees", n, len(made.Attendees))
		}
		begun := time.Now()
		if faults := floor.CheckForum(made); len(faults) > 0 {
			t.Errorf("%d: %d faults, such as %+v", n, len(faults), faults[0])
		}
		t.Logf("%d: %d meetings, %d tables, %d rounds, checked in %v", n, len(made.Meetings), len(made.Tables), len(made.Rounds), time.Since(begun))
		taken := map[floor.RoundID]int{}
		for _, m := range made.Meetings {
			taken[m.Place.Round]++
		}
		for round, k := range taken {
			if len(made.Tables)-k < freeTablesPerRound {
				t.Errorf("%d: %s has %d of %d tables free", n, round, len(made.Tables)-k, len(made.Tables))
			}
		}
		if n > 300 { // excelize takes seconds for a large one
			continue
		}
		var book bytes.Buffer
		if err := workbook.Write(&book, made); err != nil {
			t.Fatal(err)
		}
		read, faults, err := workbook.Read(&book, int64(book.Len()))
		if err != nil || len(faults) > 0 || len(read.Meetings) != len(made.Meetings) || len(read.Attendees) != len(made.Attendees) {
			t.Errorf("%d: %v %v", n, err, faults)
		}
	}
}

func TestNextMessage_ParsesFramesOfAServer(t *testing.T) {
	long := strings.Repeat("x", 70_000)
	for name, c := range map[string]struct {
		bytes string
		whole bool
		op    byte
		size  int
		rest  int
		wrong bool
	}{
		"nothing":         {"", false, 0, 0, 0, false},
		"a head":          {"\x81", false, 0, 0, 1, false},
		"text":            {"\x81\x02hi!", true, opText, 2, 1, false},
		"empty":           {"\x89\x00", true, opPing, 0, 0, false},
		"half":            {"\x81\x05hel", false, 0, 0, 5, false},
		"medium":          {"\x81\x7e\x01\x00" + long[:256], true, opText, 256, 0, false},
		"medium, no size": {"\x81\x7e\x01", false, 0, 0, 3, false},
		"long":            {"\x81\x7f\x00\x00\x00\x00\x00\x01\x11\x70" + long, true, opText, 70_000, 0, false},
		"too long":        {"\x81\x7f\x00\x00\x00\x01\x00\x00\x00\x00", false, 0, 0, 10, true},
		"a part":          {"\x01\x02hi", false, 0, 0, 4, true},
		"masked":          {"\x81\x82\x00\x00\x00\x00hi", false, 0, 0, 8, true},
	} {
		m, rest, ok, err := nextMessage([]byte(c.bytes))
		if ok != c.whole || (err != nil) != c.wrong || len(rest) != c.rest || ok && (m.op != c.op || len(m.payload) != c.size) {
			t.Errorf("%s: %v %d bytes, %d left, %v %v", name, m.op, len(m.payload), len(rest), ok, err)
		}
	}
	if got := appendMessage(nil, opText, []byte(long[:200])); len(got) != 2+2+4+200 || got[1] != 0x80|126 {
		t.Errorf("a client's frame begins with %x", got[:8])
	}
}

func frameOf(t *testing.T, text string) *frame {
	t.Helper()
	if isSnapshot([]byte(text)) {
		f, err := snapshotFrame([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	f, err := make(frameCache).lookup([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func position(epoch, seq int) string {
	return fmt.Sprintf(`{"epoch":%d,"seq":%d,"hash":"%064d"}`, epoch, seq, seq)
}

func TestPhoneView_FollowsTheProtocol(t *testing.T) {
	var v phoneView
	patch := func(epoch, from, to int, rest string) string {
		return fmt.Sprintf(`{"patch":{"from":%d,"to":%s%s}}`, from, position(epoch, to), rest)
	}
	for _, c := range []struct {
		text         string
		moved, wrong bool
	}{
		{patch(1, 0, 1, ""), false, true}, // there is no view
		{`{"snapshot":{"at":` + position(1, 5) + `,"cards":{"a/1":{},"b/1":{"x":1}}}}`, true, false},
		{patch(1, 6, 7, ""), false, true}, // 6 is missing
		{patch(2, 5, 7, ""), false, true}, // another log
		{patch(1, 3, 7, `,"set":{"c/1":{"y":2}},"drop":["a/1","z/1"]`), true, false},
		{patch(1, 3, 7, `,"set":{"c/1":{"y":3}}`), false, false}, // applied before
		{patch(1, 7, 9, ""), true, false},
	} {
		if moved, err := v.apply(frameOf(t, c.text)); moved != c.moved || (err != nil) != c.wrong {
			t.Errorf("%s: %v %v", c.text, moved, err)
		}
	}
	cards, err := v.materialize()
	if err != nil || v.at.Seq != 9 || string(cards["c/1"]) != `{"y":2}` || len(cards) != 2 {
		t.Errorf("%v %v %v", v.at, cards, err)
	}
	if again, err := v.materialize(); err != nil || wire.Digest(again) != wire.Digest(cards) {
		t.Errorf("%v %v", again, err)
	}
	if _, err := v.apply(frameOf(t, `{"snapshot":{"at":`+position(1, 10)+`,"get":"/x"}}`)); err == nil {
		t.Error("a snapshot that must be fetched was accepted")
	}
}

func TestLatencies_CountWhatNeverArrived(t *testing.T) {
	start := time.Now()
	a := &phone{arrivals: []arrival{{3, start.Add(3 * time.Millisecond)}, {8, start.Add(8 * time.Millisecond)}}}
	b := &phone{arrivals: []arrival{{4, start.Add(4 * time.Millisecond)}}}
	took, lost := latencies([]change{{sent: start, seq: 4}, {sent: start, seq: 8, phones: []*phone{b}}}, []*phone{a, b}, nil)
	if l := latencyOf(took); lost != 1 || l.N != 2 || l.P50 != 8 || l.Max != 8 {
		t.Errorf("%d lost, %+v", lost, l)
	}
	if _, lost := latencies([]change{{sent: start, seq: 9}}, []*phone{a, b}, func(p *phone) bool { return p == a }); lost != 1 {
		t.Errorf("%d lost among the counted phones", lost)
	}
}

func TestAddressOf_NeedsPlainHTTP(t *testing.T) {
	at, err := addressOf(t.Context(), "http://127.0.0.1:8080")
	if err != nil || at != netip.MustParseAddrPort("127.0.0.1:8080") {
		t.Errorf("%v %v", at, err)
	}
	for _, target := range []string{"https://127.0.0.1", "127.0.0.1:8080", "http://"} {
		if _, err := addressOf(t.Context(), target); err == nil {
			t.Errorf("%q was accepted", target)
		}
	}
}

// A ping acknowledges what has come. Together, it leaves the count of frames alone, so that
// the next acknowledgement comes when those of the other phones do.
func TestPhone_PingKeepsTheCountOfAcksThatComeTogether(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	for _, together := range []bool{false, true} {
		p := &phone{state: live, fd: int(w.Fd()), unacked: 3, unackedBytes: 30}
		if err := p.ping(&pool{acksTogether: together}, time.Now()); err != nil {
			t.Fatal(err)
		}
		if (p.unacked == 3) != together {
			t.Errorf("together %v: %d frames are unacknowledged", together, p.unacked)
		}
	}
}

// In broadcast with acknowledgements that come together, every phone begins to count at the
// first change.
func TestBeginMeasure_MakesAllPhonesCountFromTheSameFrame(t *testing.T) {
	for _, together := range []bool{false, true} {
		p := &phone{state: live, unacked: 2}
		l := &pool{phones: []*phone{p}}
		s := &scenarioRun{Options: Options{Conditions: Conditions{AcksTogether: together}}, pool: l, consoleFrames: func() int { return 0 }}
		s.meter.pids = []int{os.Getpid()}
		begun := make(chan error, 1)
		go func() { begun <- s.beginMeasure(t.Context()) }()
		for done := false; !done; {
			select {
			case err := <-begun:
				if done = true; err != nil {
					t.Fatal(err)
				}
			default:
				l.runRequests()
				runtime.Gosched()
			}
		}
		if (p.unacked == 0) != together {
			t.Errorf("together %v: %d frames are unacknowledged", together, p.unacked)
		}
	}
}
