package simulate

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
)

// onlyLead is a plan for the lead moderator alone.
func onlyLead(p plan) plan {
	return func(m *mind, v client.View) []errand {
		if !m.lead {
			return nil
		}
		return p(m, v)
	}
}

func version(v client.View) int {
	for _, e := range client.Each[floor.EventCard](v, "event") {
		return e.Version
	}
	return 0
}

// release: a schedule that is a draft is released.
func release(m *mind, v client.View) []errand {
	if version(v) != 0 {
		return nil
	}
	return []errand{{key: "release", at: m.joined + 10*second, body: floor.ReleaseSchedule{}}}
}

// slots: talks and breaks begin and end by the clock. One that should have begun
// long ago is left alone: beginning it now would move the whole day.
func slots(m *mind, v client.View) (all []errand) {
	if version(v) == 0 {
		return nil
	}
	for id, i := range client.Each[floor.ItemCard](v, "item") {
		ref := floor.SlotRef{Item: floor.ItemID(id)}
		switch {
		case i.Kind == floor.ItemMatching || i.State == floor.StateEnded:
		case i.State == floor.StateRunning:
			all = append(all, errand{key: "end " + id, at: i.Now.End + m.within("end "+id, 0, 20*second), body: floor.EndSlot{SlotRef: ref}})
		case m.now < i.Now.Start+3*minute:
			all = append(all, errand{key: "start " + id, at: i.Now.Start + m.within("start "+id, 0, 20*second), body: floor.StartSlot{SlotRef: ref}})
		}
	}
	return all
}

// rounds: each is called, called for the last time, started and ended, one after
// the other; one of eight gets three minutes more.
func rounds(m *mind, v client.View) []errand {
	if version(v) == 0 {
		return nil
	}
	id, r := currentRound(m, v)
	if id == "" {
		return nil
	}
	ref := floor.SlotRef{Round: floor.RoundID(id)}
	start := errand{key: "start " + id, at: r.Now.Start + m.within("start "+id, 0, 10*second), body: floor.StartSlot{SlotRef: ref}}
	switch r.State {
	case floor.StatePlanned:
		return []errand{{key: "call " + id, at: r.Now.Start - 10*minute, body: floor.CallSlot{SlotRef: ref}}}
	case floor.StateCalled:
		return []errand{{key: "call again " + id, at: r.Now.Start - 2*minute, body: floor.CallSlot{SlotRef: ref, Last: true}}, start}
	case floor.StateCalledLast:
		return []errand{start}
	}
	all := []errand{{key: "end " + id, at: r.Now.End + m.within("end "+id, 0, 10*second), body: floor.EndSlot{SlotRef: ref}}}
	if m.draw("extend "+id) < 0.12 && r.Now.Length() == r.Plan.Length() {
		all = append(all, errand{key: "extend " + id, at: r.Now.End - 3*minute, body: floor.ExtendSlot{SlotRef: ref, Minutes: 3}})
	}
	return all
}

// currentRound answers the round that runs, or else the next that is not over.
func currentRound(m *mind, v client.View) (id string, round floor.RoundCard) {
	for i, r := range client.Each[floor.RoundCard](v, "round") {
		switch {
		case r.State == floor.StateRunning:
			return i, r
		case r.State == floor.StateEnded || r.Now.End < m.now:
		case id == "" || r.No < round.No:
			id, round = i, r
		}
	}
	return id, round
}

// window answers the key of a stretch of time, and a moment in it that is this
// person's; ok is false when they came after that.
func window(m *mind, what string, length floor.Instant) (key string, at floor.Instant, ok bool) {
	n := m.now / length
	key = what + " " + strconv.FormatInt(int64(n), 10)
	at = n*length + m.within(key, 0, length)
	return key, at, at >= m.joined
}

// sentences are what there is to announce.
var sentences = []floor.Text{
	{Ko: "통역이 필요하시면 휴대폰에서 통역 요청을 눌러 주세요.", Zh: "如需口译，请在手机上点“呼叫口译”。", En: "If you need an interpreter, tap “Call interpreter” on your phone."},
	{Ko: "음료는 3층 로비에 준비되어 있습니다.", Zh: "三层大厅备有饮品。", En: "Drinks are in the lobby on the third floor."},
	{Ko: "자리 이동 안내는 휴대폰에서 확인해 주세요.", Zh: "换桌通知请看手机。", En: "Please watch your phone for a change of table."},
	{Ko: "셔틀버스는 18시 30분에 정문에서 출발합니다.", Zh: "班车18:30从正门出发。", En: "The shuttle leaves from the main gate at 18:30."},
}

// announcements: something is said to everyone about every forty minutes.
func announcements(m *mind, v client.View) []errand {
	key, at, ok := window(m, "announce", 40*minute)
	if !ok || version(v) == 0 || m.now < doorsOpen(v) {
		return nil
	}
	text := sentences[int(m.draw("which "+key)*float64(len(sentences)))]
	return []errand{{key: key, at: at, body: floor.Announce{Text: text, Minutes: 10}}}
}

// moves: now and then a meeting of a later round gets another table.
func moves(m *mind, v client.View) []errand {
	key, at, ok := window(m, "move", 20*minute)
	if !ok || version(v) == 0 || running(v) == "" {
		return nil
	}
	move, ok := pickMove(m, v, key)
	if !ok {
		return nil
	}
	return []errand{{key: key, at: at, body: move, based: true}}
}

// pickMove picks a meeting that may be moved, and a free table for it.
func pickMove(m *mind, v client.View, key string) (floor.MoveMeeting, bool) {
	taken := map[floor.Place]bool{}
	var ids []string
	meetings := map[string]floor.MeetingCard{}
	for id, c := range client.Each[floor.MeetingCard](v, "meeting") {
		taken[c.Place] = taken[c.Place] || !c.Cancelled
		r, _ := client.Get[floor.RoundCard](v, floor.CardKey("round/"+c.Place.Round))
		if r.State == floor.StatePlanned && !c.Cancelled && !c.Locked && mine(m, v, c.Place.Table) {
			ids, meetings[id] = append(ids, id), c
		}
	}
	if len(ids) == 0 {
		return floor.MoveMeeting{}, false
	}
	slices.Sort(ids)
	id := ids[int(m.draw("who "+key)*float64(len(ids)))]
	meeting := meetings[id]
	var tables []string
	for table, t := range client.Each[floor.TableCard](v, "table") {
		to := floor.Place{Round: meeting.Place.Round, Table: floor.TableID(table)}
		people := len(meeting.Host.People) + len(meeting.Guest.People)
		if !t.Closed && !taken[to] && t.Capacity >= people && mine(m, v, to.Table) {
			tables = append(tables, table)
		}
	}
	if len(tables) == 0 {
		return floor.MoveMeeting{}, false
	}
	slices.SortFunc(tables, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) })
	table := tables[int(m.draw("where "+key)*float64(len(tables)))]
	return floor.MoveMeeting{Meeting: floor.MeetingID(id), Table: floor.TableID(table)}, true
}

// mine reports whether a table lies in a moderator's zones.
func mine(m *mind, v client.View, table floor.TableID) bool {
	t, ok := client.Get[floor.TableCard](v, floor.CardKey("table/"+table))
	return ok && (m.lead || slices.Contains(m.zones, t.Zone))
}

// undos: one of five of one's own moves was a mistake.
func undos(m *mind, v client.View) (all []errand) {
	for _, d := range client.Each[floor.HistoryCard](v, "done") {
		key := "undo " + string(d.Command)
		if d.By != m.who || d.Kind != "moveMeeting" || !d.Undo || d.At < m.joined || m.common(key) >= 0.2 {
			continue
		}
		all = append(all, errand{key: key, at: d.At + m.within(key, 8*second, 40*second), body: floor.Undo{Command: d.Command}})
	}
	return all
}
