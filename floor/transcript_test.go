package floor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/internal/golden"
)

// TestTranscripts plays the scripts in testdata on the floor of littleForum and compares the outcome.
// A script's lines are
//
//	14:07 moderator:north moveMeeting meeting=m4 table=T4   a command; base=-2: the screen was two changes behind
//	14:08 show attendee:k1a                                 the cards of a subject
//	14:09 diff interpreter:i1                               what changed for a subject since it was last shown
//	# anything                                              a remark
//
// and every indented line is the outcome.
func TestTranscripts(t *testing.T) {
	for _, file := range transcripts(t) {
		t.Run(file.name, func(t *testing.T) {
			golden.Compare(t, file.path, newScript(t).play(file.text))
		})
	}
}

// transcript is one file of testdata.
type transcript struct{ name, path, text string }

func transcripts(t *testing.T) (out []transcript) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, transcript{strings.TrimSuffix(filepath.Base(file), ".txt"), file, string(text)})
	}
	return out
}

var seoul = time.FixedZone("KST", 9*60*60)

// clock returns an instant of the transcripts' day.
func clock(hhmm string) Instant {
	layout := "15:04"
	if strings.Count(hhmm, ":") == 2 {
		layout = "15:04:05"
	}
	at, err := time.ParseInLocation(layout, hhmm, seoul)
	if err != nil {
		panic(err)
	}
	return Instant(time.Date(2026, 11, 24, at.Hour(), at.Minute(), at.Second(), 0, seoul).UnixMilli())
}

func span(from, to string) Span { return Span{clock(from), clock(to)} }

func slotOf(from, to string) Slot {
	return Slot{Plan: span(from, to), Now: span(from, to), State: StatePlanned}
}

// littleForum returns a small floor: three hosts at their tables in two zones, three guests, three rounds, tea,
// and a last round.
func littleForum() Forum {
	f := Forum{
		Event: Event{ID: "little", Name: Text{En: "Little forum"}, TimeZone: "Asia/Seoul", GraceMin: 5, EscalateMin: 2},
		Items: []Item{
			{ID: "talks", Kind: ItemTalk, Name: Text{En: "Talks"}, Slot: slotOf("10:00", "12:00")},
			{ID: "lunch", Kind: ItemBreak, Name: Text{En: "Lunch"}, Slot: slotOf("12:00", "13:15"), AbsorbsMin: 30},
			{ID: "match1", Kind: ItemMatching, Name: Text{En: "Meetings"}, Slot: slotOf("13:30", "14:55")},
			{ID: "tea", Kind: ItemBreak, Name: Text{En: "Tea"}, Slot: slotOf("14:55", "15:15"), AbsorbsMin: 10},
		},
		Zones: []Zone{{"A", Text{En: "Zone A"}}, {"B", Text{En: "Zone B"}}},
		Tables: []Table{
			{ID: "T1", Label: "01", Zone: "A", Capacity: 4, Home: "k1"}, {ID: "T2", Label: "02", Zone: "A", Capacity: 4, Home: "k2"},
			{ID: "T3", Label: "03", Zone: "B", Capacity: 4, Home: "k3"}, {ID: "T4", Label: "04", Zone: "B", Capacity: 2},
		},
		Rounds: []Round{
			{ID: "R1", No: 1, Slot: slotOf("13:30", "13:55")}, {ID: "R2", No: 2, Slot: slotOf("14:00", "14:25")},
			{ID: "R3", No: 3, Slot: slotOf("14:30", "14:55")}, {ID: "R4", No: 4, Slot: slotOf("15:15", "15:40")},
		},
		Interpreters: []Interpreter{
			{ID: "i1", Name: Text{En: "Choi"}, Pairs: []Pair{"ko-zh"}, Skills: []string{"LED"}},
			{ID: "i2", Name: Text{En: "Li"}, Pairs: []Pair{"ko-zh"}, Shifts: []Span{span("13:00", "14:40")}, Floater: true},
			{ID: "i3", Name: Text{En: "Park"}, Pairs: []Pair{"en-ko"}},
		},
		Staff: []Staff{
			{ID: "lead", Name: Text{En: "Han"}, Role: RoleModerator, Lead: true},
			{ID: "north", Name: Text{En: "Seo"}, Role: RoleModerator, Zones: []ZoneID{"A"}},
			{ID: "south", Name: Text{En: "Wu"}, Role: RoleModerator, Zones: []ZoneID{"A", "B"}},
			{ID: "run", Name: Text{En: "Jin"}, Role: RoleRunner},
		},
		Displays: []Display{{ID: "wallA", Name: "Wall A", Zones: []ZoneID{"A"}, Languages: []Lang{"ko", "zh"}}},
	}
	for i := range 3 {
		k, c := CompanyID(fmt.Sprintf("k%d", i+1)), CompanyID(fmt.Sprintf("c%d", i+1))
		f.Companies = append(f.Companies,
			Company{ID: k, Name: Text{En: fmt.Sprintf("Korea %d", i+1)}, Country: "KR", Languages: []Lang{"ko"}, HomeTable: f.Tables[i].ID},
			Company{ID: c, Name: Text{En: fmt.Sprintf("China %d", i+1)}, Country: "CN", Languages: []Lang{"zh"}})
		f.Attendees = append(f.Attendees,
			Attendee{ID: AttendeeID(k) + "a", Company: k, Name: Text{En: string(k) + " a"}},
			Attendee{ID: AttendeeID(c) + "a", Company: c, Name: Text{En: string(c) + " a"}})
	}
	f.Attendees = append(f.Attendees, Attendee{ID: "k1b", Company: "k1", Name: Text{En: "k1 b"}})
	f.Meetings = littleMeetings()
	return f
}

// littleMeetings returns a round robin of the first two rounds, m1 to m6, and m7, which has no place.
func littleMeetings() []Meeting {
	var out []Meeting
	add := func(round RoundID, host, guest int, i InterpreterID) {
		m := Meeting{
			ID: MeetingID(fmt.Sprintf("m%d", len(out)+1)), Place: Place{round, TableID(fmt.Sprintf("T%d", host))},
			Host: Party{Company: CompanyID(fmt.Sprintf("k%d", host))}, Guest: Party{Company: CompanyID(fmt.Sprintf("c%d", guest))},
		}
		if i != "" {
			m.Pair, m.Interpreter = "ko-zh", i
		}
		out = append(out, m)
	}
	add("R1", 1, 1, "i1")
	add("R1", 2, 2, "")
	add("R1", 3, 3, "")
	add("R2", 1, 2, "i1")
	add("R2", 2, 3, "")
	add("R2", 3, 1, "")
	add("", 2, 1, "i1")
	out[6].Place = Place{}
	return out
}

// script plays a transcript.
type script struct {
	t     *testing.T
	state State
	n     int
	shown map[Subject]View
	each  func(State) // called after every record, if set

	decided func(Record) // called with every record, if set
	out     strings.Builder
}

func newScript(t *testing.T) *script {
	s := &script{t: t, shown: map[Subject]View{}}
	s.submit(Envelope{Key: "cli/1", By: Operator, Unconditional: true, ReceivedAt: clock("08:00"), Command: ImportForum{littleForum()}})
	s.submit(Envelope{Key: "cli/2", By: Operator, Unconditional: true, ReceivedAt: clock("08:00"), Command: ReleaseSchedule{}})
	s.out.Reset()
	return s
}

func (s *script) play(text string) string {
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "    ") {
			continue
		}
		s.out.WriteString(line + "\n")
		if line != "" && !strings.HasPrefix(line, "#") {
			s.line(strings.Fields(line))
		}
	}
	return s.out.String()
}

func (s *script) line(words []string) {
	at := clock(words[0])
	s.passTime(at)
	switch words[1] {
	case "show":
		s.show(Subject(words[2]), View{})
	case "diff":
		s.show(Subject(words[2]), s.shown[Subject(words[2])])
	case "wait":
	default:
		s.n++
		who := ActorID(words[1])
		o := Envelope{Key: CommandKey(fmt.Sprintf("%s/%d", who.Link(), s.n)), By: who, BaseSeq: s.state.Seq(), ReceivedAt: at}
		s.command(&o, words[2], words[3:])
		s.submit(o)
	}
}

// passTime gives what falls due before an instant, in its order.
func (s *script) passTime(until Instant) {
	for {
		due, next := s.state.Due(until)
		if next == 0 && len(due) == 0 || len(due) == 0 {
			return
		}
		for _, d := range due {
			fmt.Fprintf(&s.out, "    due: %s of %s\n", d.What, d.Of)
			s.submit(Envelope{Key: d.Key(), By: Clock, Unconditional: true, ReceivedAt: until, Command: d})
		}
	}
}

func (s *script) command(o *Envelope, kind string, args []string) {
	body := map[string]any{}
	for _, arg := range args {
		k, v, _ := strings.Cut(arg, "=")
		switch k {
		case "base":
			n, _ := strconv.Atoi(v)
			o.BaseSeq = uint64(int(o.BaseSeq) + n)
		case "after":
			o.DependsOn = append(o.DependsOn, CommandKey(v))
		case "until":
			o.NotAfter = clock(v)
		case "text":
			body["text"] = Text{En: v}
		case "notices":
			body["notices"] = s.pendingOf(o.By)
		case "notice":
			body["notice"] = s.noticeOf(v)
		case "who":
			who, _ := body["who"].([]ActorID)
			body["who"] = append(who, ActorID(v))
		case "to":
			body["notices"] = s.deliveryTo(body["notices"], ActorID(v))
		case "request":
			body["request"] = s.requestOf(MeetingID(v))
		case "command":
			body["command"] = CommandKey(v)
		case "things":
			body["of"] = strings.Split(v, ",")
		case "lost":
			body["lost"] = s.lostOf(CommandKey(v))
		default:
			body[k] = value(v)
		}
	}
	p, ok := NewCommand(CommandKind(kind))
	if !ok {
		s.t.Fatalf("no command %q", kind)
	}
	data, _ := json.Marshal(body)
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(p); err != nil {
		s.t.Fatalf("%s %s: %v", kind, data, err)
	}
	o.Command = CommandOf(p)
}

func value(v string) any {
	if n, err := strconv.Atoi(v); err == nil {
		return n
	}
	if b, err := strconv.ParseBool(v); err == nil && len(v) > 1 {
		return b
	}
	return v
}

func (s *script) pendingOf(w ActorID) []NoticeID { return s.state.pending.At(w) }

// noticeOf returns the notice that was issued last if which is "last", and else which itself.
func (s *script) noticeOf(which string) NoticeID {
	last := noticeStatus{Notice: Notice{ID: NoticeID(which)}}
	for n := range s.state.notices.Values() {
		if which == "last" && n.Issued > last.Issued {
			last = n
		}
	}
	return last.ID
}

// deliveryTo adds the delivery of every notice to a person.
func (s *script) deliveryTo(before any, w ActorID) []Delivery {
	all, _ := before.([]Delivery)
	for n := range s.state.notices.Values() {
		all = append(all, Delivery{n.ID, []ActorID{w}})
	}
	return all
}

func (s *script) requestOf(m MeetingID) RequestID {
	for r := range s.state.requests.Values() {
		if r.Meeting == m && (r.State.Open() || s.state.openRequestIDs.Len() == 0) {
			return r.ID
		}
	}
	return "none"
}

func (s *script) lostOf(key CommandKey) []LostID {
	for l := range s.state.lost.Values() {
		if l.Command == key {
			return []LostID{l.ID}
		}
	}
	return []LostID{"none"}
}

func (s *script) submit(o Envelope) {
	out, err := Decide(s.state, o)
	if err != nil {
		fmt.Fprintf(&s.out, "    refused: %s\n", err)
		return
	}
	r := Record{Key: o.Key, Kind: KindOf(o.Command), By: o.By, Wall: o.ReceivedAt, Changes: out.Changes}
	before := s.state
	var affected Affected
	s.state, affected = s.state.Apply(r)
	if s.each != nil {
		s.each(s.state)
	}
	if s.decided != nil {
		s.decided(r)
	}
	for _, c := range out.Changes {
		fmt.Fprintf(&s.out, "    %s\n", s.describe(changeKind(c), c))
	}
	for _, n := range out.Notes {
		fmt.Fprintf(&s.out, "    note: %s\n", n)
	}
	if screens := screens(before, s.state, affected); len(screens) > 0 {
		fmt.Fprintf(&s.out, "    screens: %s\n", strings.Join(screens, " "))
	}
	fmt.Fprintf(&s.out, "    = %s\n", o.Key)
}

// screens returns the subjects that see a difference.
func screens(before, after State, affected Affected) []string {
	seen := map[string]bool{}
	for _, s := range affected.Whole {
		seen[string(s)] = true
	}
	for _, k := range affected.Keys {
		a, _ := before.Card(k.Subject, k.Key)
		b, _ := after.Card(k.Subject, k.Key)
		if fmt.Sprint(a) != fmt.Sprint(b) {
			seen[string(k.Subject)] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func (s *script) describe(kind ChangeKind, c any) string {
	return string(kind) + s.fields(c)
}

// fields returns a value's JSON as "name=value" words, with times in a readable form.
func (s *script) fields(c any) string {
	data, err := json.Marshal(c)
	if err != nil {
		s.t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		s.t.Fatal(err)
	}
	return words(m, "")
}

func words(m map[string]any, prefix string) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(m)) {
		switch v := m[k].(type) {
		case map[string]any:
			b.WriteString(words(v, prefix+k+"."))
		case float64:
			if v > 1e12 {
				fmt.Fprintf(&b, " %s%s=%s", prefix, k, time.UnixMilli(int64(v)).In(seoul).Format("15:04:05"))
			} else {
				fmt.Fprintf(&b, " %s%s=%v", prefix, k, v)
			}
		case []any:
			var items []string
			for _, x := range v {
				if entry, ok := x.(map[string]any); ok {
					items = append(items, "{"+strings.TrimSpace(words(entry, ""))+"}")
				} else {
					items = append(items, fmt.Sprint(x))
				}
			}
			fmt.Fprintf(&b, " %s%s=[%s]", prefix, k, strings.Join(items, " "))
		default:
			fmt.Fprintf(&b, " %s%s=%v", prefix, k, v)
		}
	}
	return b.String()
}

func (s *script) show(subject Subject, before View) {
	now := s.state.View(subject)
	for _, k := range slices.Sorted(maps.Keys(before)) {
		if _, ok := now[k]; !ok {
			fmt.Fprintf(&s.out, "    removed: %s\n", k)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(now)) {
		if line := s.fields(now[k]); before[k] == nil || s.fields(before[k]) != line {
			fmt.Fprintf(&s.out, "    %s:%s\n", k, line)
		}
	}
	s.shown[subject] = now
}
