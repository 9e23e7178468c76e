package main

import (
	"fmt"
	"time"
	_ "time/tzdata" // the same on every machine

	"github.com/matchfloor/matchfloor/floor"
)

// assigned is the number of interpreters with assigned meetings. Two floaters and one
// interpreter for English follow them.
const assigned = 18

func interpreterID(i int) floor.InterpreterID { return floor.InterpreterID(fmt.Sprintf("i%02d", i+1)) }
func roundID(i int) floor.RoundID             { return floor.RoundID(fmt.Sprintf("R%d", i+1)) }

// plan converts times of the forum's two days into instants.
type plan struct{ zone *time.Location }

func (p plan) at(day int, clock string) floor.Instant {
	var h, m int
	fmt.Sscanf(clock, "%d:%d", &h, &m) // the times are constants of this file
	return floor.Instant(time.Date(2026, time.November, day, h, m, 0, 0, p.zone).UnixMilli())
}

func (p plan) span(day int, from, to string) floor.Span {
	return floor.Span{Start: p.at(day, from), End: p.at(day, to)}
}

func (p plan) slot(day int, from, to string) floor.Slot {
	s := p.span(day, from, to)
	return floor.Slot{Plan: s, Now: s, State: floor.StatePlanned}
}

// build returns the sample forum.
func build() (floor.Forum, error) {
	zone, err := time.LoadLocation("Asia/Seoul")
	if err != nil {
		return floor.Forum{}, err
	}
	p := plan{zone}
	f := floor.Forum{
		Event: floor.Event{
			ID:       "green-2026",
			Name:     floor.Text{Ko: "2026 한중 그린비즈니스 상담회", Zh: "2026中韩绿色产业对接会", En: "2026 Korea–China Green Business Forum"},
			TimeZone: "Asia/Seoul",
			Place:    floor.Text{Ko: "새물컨벤션센터 3층", Zh: "新水会展中心三层", En: "Saemul Convention Centre, 3F"},
			GraceMin: 5, EscalateMin: 3,
		},
		Items: p.agenda(), Zones: zones(), Tables: roomTables(), Rounds: p.rounds(),
		Companies: companies(), Attendees: attendees(), Staff: staff(), Interpreters: p.interpreters(),
		Displays: displays(), Wishes: wishes(),
	}
	seats, err := schedule(f.Wishes)
	if err != nil {
		return floor.Forum{}, err
	}
	people := map[floor.CompanyID][]floor.AttendeeID{}
	for _, a := range f.Attendees {
		people[a.Company] = append(people[a.Company], a.ID)
	}
	f.Meetings = meetings(seats, people)
	return f, nil
}

func (p plan) agenda() []floor.Item {
	hall := floor.Text{Ko: "2층 대회의실", Zh: "二层会议厅", En: "Main hall, 2F"}
	room := floor.Text{Ko: "3층 상담장", Zh: "三层洽谈厅", En: "Matching hall, 3F"}
	item := func(id string, kind floor.ItemKind, n name, s floor.Slot, absorbs int, place floor.Text) floor.Item {
		return floor.Item{ID: floor.ItemID(id), Kind: kind, Name: n.text(), Slot: s, AbsorbsMin: absorbs, Place: place}
	}
	return []floor.Item{
		item("open", floor.ItemTalk, name{"개회식", "开幕式", "Opening"}, p.slot(24, "10:00", "10:20"), 0, hall),
		item("talk1", floor.ItemTalk, name{"강연: 도시의 물과 빛", "演讲：城市的水与光", "Talk: Water and light in cities"}, p.slot(24, "10:20", "11:10"), 0, hall),
		item("talk2", floor.ItemTalk, name{"강연: 공장에서 다시 공장으로", "演讲：从工厂再到工厂", "Talk: From plant back to plant"}, p.slot(24, "11:10", "12:00"), 0, hall),
		item("lunch", floor.ItemBreak, name{"오찬", "午餐", "Lunch"}, p.slot(24, "12:00", "13:15"), 30, floor.Text{Ko: "2층 연회장", Zh: "二层宴会厅", En: "Banquet hall, 2F"}),
		item("match1", floor.ItemMatching, name{"비즈니스 상담 1부", "商务洽谈（上）", "Business matching, part 1"}, p.slot(24, "13:30", "15:25"), 0, room),
		item("tea", floor.ItemBreak, name{"다과", "茶歇", "Tea break"}, p.slot(24, "15:25", "15:45"), 10, floor.Text{Ko: "3층 로비", Zh: "三层大厅", En: "Lobby, 3F"}),
		item("match2", floor.ItemMatching, name{"비즈니스 상담 2부", "商务洽谈（下）", "Business matching, part 2"}, p.slot(24, "15:45", "17:40"), 0, room),
		item("close", floor.ItemTalk, name{"마무리와 상담일지", "总结与洽谈记录", "Closing and outcome forms"}, p.slot(24, "17:40", "18:00"), 0, room),
		item("visit1", floor.ItemVisit, name{"현장 견학 1: 정수 설비", "参观一：净水设备", "Visit 1: water treatment"}, p.slot(25, "09:30", "11:00"), 0, floor.Text{Ko: "다온샘워터텍 1공장", Zh: "多温泉水处理一厂", En: "Daonsaem plant 1"}),
		item("visit2", floor.ItemVisit, name{"현장 견학 2: 조명 조립", "参观二：照明装配", "Visit 2: lighting assembly"}, p.slot(25, "11:30", "13:00"), 0, floor.Text{Ko: "빛고운조명 공장", Zh: "光谷韵照明工厂", En: "Bitgoun plant"}),
		item("visit3", floor.ItemVisit, name{"현장 견학 3: 배터리 재사용", "参观三：电池再利用", "Visit 3: battery reuse"}, p.slot(25, "14:30", "16:00"), 0, floor.Text{Ko: "새길온배터리 공장", Zh: "世吉温电池工厂", En: "Saegiron plant"}),
	}
}

func (p plan) rounds() []floor.Round {
	starts := [rounds][2]string{
		{"13:30", "13:55"}, {"14:00", "14:25"}, {"14:30", "14:55"}, {"15:00", "15:25"},
		{"15:45", "16:10"}, {"16:15", "16:40"}, {"16:45", "17:10"}, {"17:15", "17:40"},
	}
	var all []floor.Round
	for i, s := range starts {
		all = append(all, floor.Round{ID: roundID(i), No: i + 1, Slot: p.slot(24, s[0], s[1])})
	}
	return all
}

func zones() []floor.Zone {
	var all []floor.Zone
	for _, z := range []string{"A", "B", "C"} {
		all = append(all, floor.Zone{ID: floor.ZoneID(z), Name: floor.Text{Ko: z + "구역", Zh: z + "区", En: "Zone " + z}})
	}
	return all
}

// roomTables stands eight home tables in each zone and the spare ones in the last.
func roomTables() []floor.Table {
	var all []floor.Table
	for i := range tables {
		t := floor.Table{ID: tableID(i), Label: fmt.Sprintf("%02d", i+1), Zone: floor.ZoneID('A' + rune(min(i/8, 2))), Capacity: 6}
		if i < hosts {
			t.Home = hostID(i)
		}
		all = append(all, t)
	}
	return all
}

// staff is a lead, two moderators who share the middle zone, and four runners.
func staff() []floor.Staff {
	all := []floor.Staff{
		{ID: "s1", Name: korean(200), Role: floor.RoleModerator, Lead: true},
		{ID: "s2", Name: korean(201), Role: floor.RoleModerator, Zones: []floor.ZoneID{"A", "B"}},
		{ID: "s3", Name: chinese(202), Role: floor.RoleModerator, Zones: []floor.ZoneID{"B", "C"}},
	}
	for i := range 4 {
		all = append(all, floor.Staff{ID: floor.StaffID(fmt.Sprintf("r%d", i+1)), Name: korean(203 + i), Role: floor.RoleRunner})
	}
	return all
}

// skillsOf returns the fields that the i-th interpreter knows: two each, and lighting
// only near the tables 4 and 20 and for the first floater.
func skillsOf(i int) []string {
	switch i {
	case 2, 14:
		return []string{"LED", "solar"}
	case assigned:
		return []string{"LED", "battery"}
	case assigned + 1:
		return []string{"water", "recycling"}
	case assigned + 2:
		return nil
	}
	rest := []string{"solar", "water", "battery", "recycling", "air", "heat", "grid"}
	return []string{rest[i%len(rest)], rest[(i+3)%len(rest)]}
}

func (p plan) interpreters() []floor.Interpreter {
	var all []floor.Interpreter
	for i := range assigned + 3 {
		v := floor.Interpreter{
			ID: interpreterID(i), Name: korean(220 + i), Pairs: []floor.Pair{"ko-zh"}, Skills: skillsOf(i),
			Shifts: []floor.Span{p.span(24, "13:00", "18:30")}, Duty: floor.OffDuty,
		}
		switch {
		case i == assigned+2:
			v.Pairs, v.Shifts = []floor.Pair{"en-ko"}, []floor.Span{p.span(24, "09:30", "18:30"), p.span(25, "09:00", "16:30")}
		case i >= assigned:
			v.Floater, v.Shifts = true, []floor.Span{p.span(24, "13:00", "16:45")}
		case i < 2:
			v.Shifts = append(v.Shifts, p.span(25, "09:00", "16:30")) // they join the visits to the plants
		}
		all = append(all, v)
	}
	return all
}

func displays() []floor.Display {
	both := []floor.Lang{"ko", "zh"}
	return []floor.Display{
		{ID: "d1", Name: "Zone A", Zones: []floor.ZoneID{"A"}, Languages: both},
		{ID: "d2", Name: "Zone B", Zones: []floor.ZoneID{"B"}, Languages: both},
		{ID: "d3", Name: "Zone C", Zones: []floor.ZoneID{"C"}, Languages: both},
		{ID: "d4", Name: "Lobby", Zones: []floor.ZoneID{"A", "B", "C"}, Languages: []floor.Lang{"ko", "zh", "en"}},
	}
}
