package simulate

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
)

// onlyLead restricts a behaviour to the lead moderator.
func onlyLead(b behaviour) behaviour {
	return func(p *planner, v client.View) []intent {
		if !p.lead {
			return nil
		}
		return b(p, v)
	}
}

func releasedVersion(v client.View) int {
	for _, e := range client.Each[floor.EventCard](v, "event") {
		return e.Version
	}
	return 0
}

// releaseDraft releases a schedule that is still a draft.
func releaseDraft(p *planner, v client.View) []intent {
	if releasedVersion(v) != 0 {
		return nil
	}
	return []intent{{key: "release", at: p.joined + 10*second, body: floor.ReleaseSchedule{}}}
}

// runItems starts and ends talks and breaks by the clock. It does not start one that is
// more than three minutes late, since that would move the whole day.
func runItems(p *planner, v client.View) (all []intent) {
	if releasedVersion(v) == 0 {
		return nil
	}
	for id, i := range client.Each[floor.ItemCard](v, "item") {
		ref := floor.SlotRef{Item: floor.ItemID(id)}
		switch {
		case i.Kind == floor.ItemMatching || i.State == floor.StateEnded:
		case i.State == floor.StateRunning:
			all = append(all, intent{key: "end " + id, at: i.Now.End + p.delay("end "+id, 0, 20*second), body: floor.EndSlot{SlotRef: ref}})
		case p.now < i.Now.Start+3*minute:
			all = append(all, intent{key: "start " + id, at: i.Now.Start + p.delay("start "+id, 0, 20*second), body: floor.StartSlot{SlotRef: ref}})
		}
	}
	return all
}

// runRounds calls each round, calls it for the last time, starts and ends it. About one of
// eight is extended by three minutes.
func runRounds(p *planner, v client.View) []intent {
	if releasedVersion(v) == 0 {
		return nil
	}
	id, r := currentRound(p, v)
	if id == "" {
		return nil
	}
	ref := floor.SlotRef{Round: floor.RoundID(id)}
	start := intent{key: "start " + id, at: r.Now.Start + p.delay("start "+id, 0, 10*second), body: floor.StartSlot{SlotRef: ref}}
	switch r.State {
	case floor.StatePlanned:
		return []intent{{key: "call " + id, at: r.Now.Start - 10*minute, body: floor.CallSlot{SlotRef: ref}}}
	case floor.StateCalled:
		return []intent{{key: "call again " + id, at: r.Now.Start - 2*minute, body: floor.CallSlot{SlotRef: ref, Last: true}}, start}
	case floor.StateCalledLast:
		return []intent{start}
	}
	all := []intent{{key: "end " + id, at: r.Now.End + p.delay("end "+id, 0, 10*second), body: floor.EndSlot{SlotRef: ref}}}
	if p.draw("extend "+id) < 0.12 && r.Now.Length() == r.Plan.Length() {
		all = append(all, intent{key: "extend " + id, at: r.Now.End - 3*minute, body: floor.ExtendSlot{SlotRef: ref, Minutes: 3}})
	}
	return all
}

// currentRound returns the running round, or the next one that is not over.
func currentRound(p *planner, v client.View) (id string, round floor.RoundCard) {
	for i, r := range client.Each[floor.RoundCard](v, "round") {
		switch {
		case r.State == floor.StateRunning:
			return i, r
		case r.State == floor.StateEnded || r.Now.End < p.now:
		case id == "" || r.No < round.No:
			id, round = i, r
		}
	}
	return id, round
}

// drawnMoment divides time into stretches of a length. It returns a key that names the
// current one, and a drawn moment in it; ok is false if the person joined after that.
func drawnMoment(p *planner, what string, length floor.Instant) (key string, at floor.Instant, ok bool) {
	n := p.now / length
	key = what + " " + strconv.FormatInt(int64(n), 10)
	at = n*length + p.delay(key, 0, length)
	return key, at, at >= p.joined
}

// sentences are the texts of announcements.
var sentences = []floor.Text{
	{Ko: "통역이 필요하시면 휴대폰에서 통역 요청을 눌러 주세요.", Zh: "如需口译，请在手机上点“呼叫口译”。", En: "If you need an interpreter, tap “Call interpreter” on your phone."},
	{Ko: "음료는 3층 로비에 준비되어 있습니다.", Zh: "三层大厅备有饮品。", En: "Drinks are in the lobby on the third floor."},
	{Ko: "자리 이동 안내는 휴대폰에서 확인해 주세요.", Zh: "换桌通知请看手机。", En: "Please watch your phone for a change of table."},
	{Ko: "셔틀버스는 18시 30분에 정문에서 출발합니다.", Zh: "班车18:30从正门出发。", En: "The shuttle leaves from the main gate at 18:30."},
}

// announce makes an announcement about every forty minutes.
func announce(p *planner, v client.View) []intent {
	key, at, ok := drawnMoment(p, "announce", 40*minute)
	if !ok || releasedVersion(v) == 0 || p.now < doorsOpen(v) {
		return nil
	}
	text := sentences[int(p.draw("which "+key)*float64(len(sentences)))]
	return []intent{{key: key, at: at, body: floor.Announce{Text: text, Minutes: 10}}}
}

// moveMeetings moves a meeting of a later round to another table about every twenty
// minutes.
func moveMeetings(p *planner, v client.View) []intent {
	key, at, ok := drawnMoment(p, "move", 20*minute)
	if !ok || releasedVersion(v) == 0 || runningRound(v) == "" {
		return nil
	}
	move, ok := pickMove(p, v, key)
	if !ok {
		return nil
	}
	return []intent{{key: key, at: at, body: move, based: true}}
}

// pickMove picks a movable meeting and a free table for it.
func pickMove(p *planner, v client.View, key string) (floor.MoveMeeting, bool) {
	taken := map[floor.Place]bool{}
	var ids []string
	meetings := map[string]floor.MeetingCard{}
	for id, c := range client.Each[floor.MeetingCard](v, "meeting") {
		taken[c.Place] = taken[c.Place] || !c.Cancelled
		r, _ := client.Get[floor.RoundCard](v, floor.CardKey("round/"+c.Place.Round))
		if r.State == floor.StatePlanned && !c.Cancelled && !c.Locked && inOwnZones(p, v, c.Place.Table) {
			ids, meetings[id] = append(ids, id), c
		}
	}
	if len(ids) == 0 {
		return floor.MoveMeeting{}, false
	}
	slices.Sort(ids)
	id := ids[int(p.draw("who "+key)*float64(len(ids)))]
	meeting := meetings[id]
	var tables []string
	for table, t := range client.Each[floor.TableCard](v, "table") {
		to := floor.Place{Round: meeting.Place.Round, Table: floor.TableID(table)}
		people := len(meeting.Host.People) + len(meeting.Guest.People)
		if !t.Closed && !taken[to] && t.Capacity >= people && inOwnZones(p, v, to.Table) {
			tables = append(tables, table)
		}
	}
	if len(tables) == 0 {
		return floor.MoveMeeting{}, false
	}
	slices.SortFunc(tables, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) })
	table := tables[int(p.draw("where "+key)*float64(len(tables)))]
	return floor.MoveMeeting{Meeting: floor.MeetingID(id), Table: floor.TableID(table)}, true
}

// inOwnZones reports whether a table is in one of the moderator's zones.
func inOwnZones(p *planner, v client.View, table floor.TableID) bool {
	t, ok := client.Get[floor.TableCard](v, floor.CardKey("table/"+table))
	return ok && (p.lead || slices.Contains(p.zones, t.Zone))
}

// undoMoves undoes one of five of the moderator's own moves.
func undoMoves(p *planner, v client.View) (all []intent) {
	for _, d := range client.Each[floor.HistoryCard](v, "done") {
		key := "undo " + string(d.Command)
		if d.By != p.who || d.Kind != "moveMeeting" || !d.Undo || d.At < p.joined || p.sharedDraw(key) >= 0.2 {
			continue
		}
		all = append(all, intent{key: key, at: d.At + p.delay(key, 8*second, 40*second), body: floor.Undo{Command: d.Command}})
	}
	return all
}
