package workbook

// layouts describes the workbook: the sheets that Read looks for and Write writes.
// docs/WORKBOOK.md is generated from it.
var layouts = []*Layout{
	{Name: sheetEvent, Also: []string{"행사", "活动"}, Must: true, About: "The event itself: exactly one row.", Columns: columns(
		[]Column{idColumn("green-2026", "Names the event for good: a workbook with the same id replaces this event.")},
		nameColumns("한중 그린비즈니스 상담회", "中韩绿色产业对接会", "Korea–China Green Business Forum"),
		[]Column{
			{Name: "time_zone", Also: []string{"시간대", "时区"}, Type: TypeZone, Must: true, Example: "Asia/Seoul", About: "The zone in which all times of the workbook are meant and shown."},
			{Name: "date", Also: []string{"날짜", "日期"}, Type: TypeDate, Example: "2026-11-24", About: "The first day; needed as long as times stand without a date."},
		},
		placeColumns("새물컨벤션센터 3층", "新水会展中心三层", "Saemul Convention Centre, 3F"),
		[]Column{
			{Name: "grace_min", Also: []string{"유예_분", "宽限分钟"}, Type: TypeNumber, Example: "5", About: "Minutes after a round's start until a missing side may be marked; empty is 5."},
			{Name: "escalate_min", Also: []string{"통역_경고_분", "升级分钟"}, Type: TypeNumber, Example: "3", About: "Minutes until an interpreter request that nobody took is raised; empty is 3."},
			{Name: "purge_after", Also: []string{"파기일", "개인정보_파기일", "清除日期"}, Type: TypeDate, Example: "2026-12-31", About: "The last day on which people's names are kept; afterwards `matchfloor erase --due` takes them out. Empty: until somebody does so by hand."},
		})},
	{Name: sheetAgenda, Also: []string{"일정", "日程", "议程"}, About: "Talks, matching, breaks, visits.", Columns: columns(
		[]Column{idColumn("lunch", "Names the item."),
			{Name: "kind", Also: []string{"종류", "구분", "类型"}, Type: TypeChoice, Must: true, Example: "break", About: "talk, matching, break or visit."}},
		nameColumns("오찬", "午餐", "Lunch"),
		slotColumns("12:00", "13:15"),
		[]Column{{Name: "absorbs_min", Also: []string{"흡수_분", "可压缩分钟"}, Type: TypeNumber, Example: "30", About: "Minutes of delay that it may swallow by being shorter; empty is 0."}},
		placeColumns("2층 연회장", "二层宴会厅", "Banquet hall, 2F"))},
	{Name: sheetZones, Also: []string{"구역", "区域"}, Must: true, About: "The parts of the room.", Columns: columns(
		[]Column{idColumn("A", "Names the zone.")},
		nameColumns("A구역", "A区", "Zone A"))},
	{Name: sheetTables, Also: []string{"테이블", "洽谈桌"}, Must: true, About: "The tables. Which company stays at one is said in companies.", Columns: []Column{
		idColumn("T07", "Names the table."),
		{Name: "label", Also: []string{"표시", "桌号"}, Type: TypeText, Example: "07", About: "What its sign says; empty is its id."},
		{Name: "zone", Also: []string{"구역", "区域"}, Type: TypeRef, Of: sheetZones, Must: true, Example: "A", About: "Where it stands."},
		{Name: "capacity", Also: []string{"정원", "좌석", "座位"}, Type: TypeNumber, Example: "6", About: "People seated, the interpreter not counted; empty is 6."}}},
	{Name: sheetRounds, Also: []string{"회차", "라운드", "轮次"}, Must: true, About: "The rounds of meetings. The time between two is the changeover.", Columns: columns(
		[]Column{idColumn("R1", "Names the round."),
			{Name: "no", Also: []string{"순번", "序号"}, Type: TypeNumber, Example: "1", About: "Its number as people say it; empty is the row's place."}},
		slotColumns("13:30", "13:55"))},
	{Name: sheetCompanies, Also: []string{"기업", "회사", "企业", "公司"}, Must: true, About: "Both sides' companies.", Columns: columns(
		[]Column{idColumn("k07", "Names the company.")},
		nameColumns("한울림열에너지", "韩蔚林热能", "Hanullim Thermal"),
		[]Column{
			{Name: "country", Also: []string{"국가", "国家"}, Type: TypeText, Must: true, Example: "KR", About: "Two letters, ISO 3166: KR, CN."},
			languagesColumn(true, "What its people speak, the first one first."),
			{Name: "home_table", Also: []string{"고정_테이블", "고정테이블", "固定桌"}, Type: TypeRef, Of: sheetTables, Example: "T07", About: "The table at which it stays; one company a table."},
			{Name: "standby", Also: []string{"대기", "候补"}, Type: TypeYesNo, Example: "no", About: "Stands by to fill free seats."},
		})},
	{Name: sheetAttendees, Also: []string{"참가자", "参会人员", "参会者"}, Must: true, About: "The companies' people.", Columns: columns(
		[]Column{idColumn("k07a", "Names the person on the link and in the log."),
			about(companyColumn("company", "기업", "회사", "企业", "公司"), "", "Whose representative it is.")},
		nameColumns("김서연", "金瑞妍", "Kim Seoyeon"),
		[]Column{{Name: "title", Also: []string{"직함", "직위", "职务"}, Type: TypeText, Example: "대표이사 / CEO", About: "As it should be shown to partners."}})},
	{Name: sheetStaff, Also: []string{"운영진", "工作人员"}, About: "Moderators and runners.", Columns: columns(
		[]Column{idColumn("s2", "Names the person on the link and in the log.")},
		nameColumns("윤도하", "尹度夏", "Yoon Doha"),
		[]Column{
			{Name: "role", Also: []string{"역할", "角色"}, Type: TypeChoice, Must: true, Example: "moderator", About: "lead (a moderator of everything), moderator (of zones) or runner."},
			zonesColumn(false, "A moderator's zones; all is every zone."),
		})},
	{Name: sheetInterpreters, Also: []string{"통역", "통역사", "口译", "翻译"}, About: "Interpreters.", Columns: columns(
		[]Column{idColumn("i03", "Names the person on the link and in the log.")},
		nameColumns("최유진", "崔有珍", "Choi Yujin"),
		[]Column{
			{Name: "pairs", Also: []string{"언어쌍", "语对"}, Type: TypeList, Must: true, Example: "ko-zh; ko-en", About: "Language pairs; the order within one does not matter."},
			{Name: "skills", Also: []string{"전문분야", "专长"}, Type: TypeList, Example: "LED; solar", About: "Fields whose words they know; requests may ask for one."},
			{Name: "shifts", Also: []string{"근무", "班次"}, Type: TypeList, Example: "13:00-18:30", About: "When they work; on another day 2026-11-25 09:00-12:00; empty is the whole event."},
			{Name: "floater", Also: []string{"대기통역", "机动"}, Type: TypeYesNo, Example: "no", About: "Assigned to nobody, comes when called."},
		})},
	{Name: sheetDisplays, Also: []string{"안내화면", "화면", "显示屏"}, About: "Screens on walls.", Columns: []Column{
		idColumn("d1", "Names the screen."),
		{Name: "name", Also: []string{"이름", "名称"}, Type: TypeText, Example: "Zone A", About: "What staff call it; empty is its id."},
		zonesColumn(true, "The zones that it shows; all is every zone."),
		languagesColumn(true, "The languages that it shows, together.")}},
	{Name: sheetMeetings, Also: []string{"상담", "洽谈"}, About: "Who meets whom, where and when.", Columns: []Column{
		idColumn("m017", "Names the meeting."),
		{Name: "round", Also: []string{"회차", "轮次"}, Type: TypeRef, Of: sheetRounds, Example: "R3", About: "When; empty, with table, is no place yet."},
		{Name: "table", Also: []string{"테이블", "桌"}, Type: TypeRef, Of: sheetTables, Example: "T07", About: "Where; empty, with round, is no place yet."},
		about(companyColumn("host", "주최측", "호스트", "主方"), "", "The company that receives."),
		about(companyColumn("guest", "방문측", "게스트", "客方"), "c12", "The company that comes."),
		{Name: "host_people", Also: []string{"호스트_참석자", "主方人员"}, Type: TypeRefs, Of: sheetAttendees, Example: "k07a; k07b", About: "Who of the host; empty is all of them."},
		{Name: "guest_people", Also: []string{"게스트_참석자", "客方人员"}, Type: TypeRefs, Of: sheetAttendees, Example: "c12a", About: "Who of the guest; empty is all of them."},
		{Name: "pair", Also: []string{"언어쌍", "语对"}, Type: TypePair, Example: "ko-zh", About: "Needs interpreting between these; empty is no need."},
		{Name: "interpreter", Also: []string{"통역", "통역사", "口译", "翻译"}, Type: TypeRef, Of: sheetInterpreters, Example: "i03", About: "Who interprets, where that is settled."},
		{Name: "locked", Also: []string{"고정", "锁定"}, Type: TypeYesNo, Example: "no", About: "Is not to be moved."}}},
	{Name: sheetWishes, Also: []string{"희망", "意向"}, About: "Which company would like to meet which.", Columns: []Column{
		about(companyColumn("from", "신청기업", "申请企业"), "k07", "Who wishes."),
		about(companyColumn("to", "대상기업", "目标企业"), "c12", "Whom to meet."),
		{Name: "priority", Also: []string{"우선순위", "优先级"}, Type: TypeNumber, Must: true, Example: "1", About: "1 is the strongest, 9 the weakest."}}},
}
