package workbook

// ColumnType says how the cells of a column are read.
type ColumnType string

// The types of columns, as docs/WORKBOOK.md explains them.
const (
	TypeID     ColumnType = "id"       // 1–40 of A–Z a–z 0–9 _ -
	TypeText   ColumnType = "text"     // a name or sentence
	TypeNumber ColumnType = "number"   // a whole number
	TypeYesNo  ColumnType = "yes/no"   // empty is no
	TypeDate   ColumnType = "date"     // 2026-11-24, or an Excel date
	TypeTime   ColumnType = "time"     // 13:30, 2026-11-24 13:30, or an Excel time
	TypeChoice ColumnType = "choice"   // one of a few words
	TypeList   ColumnType = "list"     // several values, separated by ; or ,
	TypePair   ColumnType = "pair"     // two languages: ko-zh
	TypeRef    ColumnType = "id of"    // an id of another sheet
	TypeRefs   ColumnType = "ids of"   // a list of such ids
	TypeName   ColumnType = "name"     // text; at least one of the three languages is required
	TypeZone   ColumnType = "timezone" // Asia/Seoul
)

// Column describes a column of a sheet.
type Column struct {
	Name    string     // its header in the workbooks that Write writes
	Also    []string   // other headers that Read accepts
	Type    ColumnType // how its cells are read
	Of      string     // for TypeRef and TypeRefs: the sheet of the ids
	Must    bool       // the column is required, and a value in every row
	Example string
	About   string // one English sentence
}

// Layout describes a sheet of the workbook.
type Layout struct {
	Name    string
	Also    []string // other names that Read accepts
	Must    bool     // the sheet is required
	About   string
	Columns []Column
}

// column returns the column with this name; nil if there is none.
func (l *Layout) column(name string) *Column {
	for i := range l.Columns {
		if l.Columns[i].Name == name {
			return &l.Columns[i]
		}
	}
	return nil
}

// position returns the index of a column for sorting; an unknown column comes last.
func (l *Layout) position(name string) int {
	for i := range l.Columns {
		if l.Columns[i].Name == name {
			return i
		}
	}
	return len(l.Columns)
}

// Layouts returns the sheets in the order in which Write writes them. The caller must not
// change them.
func Layouts() []*Layout { return layouts }

// The names of the sheets.
const (
	sheetEvent        = "event"
	sheetAgenda       = "agenda"
	sheetZones        = "zones"
	sheetTables       = "tables"
	sheetRounds       = "rounds"
	sheetCompanies    = "companies"
	sheetAttendees    = "attendees"
	sheetStaff        = "staff"
	sheetInterpreters = "interpreters"
	sheetDisplays     = "displays"
	sheetMeetings     = "meetings"
	sheetWishes       = "wishes"
)

func idColumn(example, about string) Column {
	return Column{Name: "id", Also: []string{"아이디", "번호", "编号", "ID号"}, Type: TypeID, Must: true, Example: example, About: about}
}

// nameColumns returns the columns of a name in three languages, of which one is required.
func nameColumns(ko, zh, en string) []Column {
	return []Column{
		{Name: "name_ko", Also: []string{"이름_ko", "이름", "성명", "한글명", "국문명", "기업명", "회사명", "韩文名称", "韩文名"}, Type: TypeName, Example: ko, About: "Korean name."},
		{Name: "name_zh", Also: []string{"이름_zh", "중문명", "중국어명", "姓名", "名称", "公司名称", "企业名称", "中文名称", "中文名"}, Type: TypeName, Example: zh, About: "Chinese name, simplified."},
		{Name: "name_en", Also: []string{"이름_en", "영문명", "英文名称", "英文名"}, Type: TypeName, Example: en, About: "English name."},
	}
}

func placeColumns(ko, zh, en string) []Column {
	return []Column{
		{Name: "place_ko", Also: []string{"장소_ko", "장소", "地点_ko"}, Type: TypeText, Example: ko, About: "Where, in Korean."},
		{Name: "place_zh", Also: []string{"장소_zh", "地点", "地点_zh"}, Type: TypeText, Example: zh, About: "Where, in Chinese."},
		{Name: "place_en", Also: []string{"장소_en", "地点_en"}, Type: TypeText, Example: en, About: "Where, in English."},
	}
}

// slotColumns returns the columns for the time of a round or item.
func slotColumns(start, end string) []Column {
	return []Column{
		{Name: "day", Also: []string{"날짜", "일자", "日期"}, Type: TypeDate, Example: "2026-11-24", About: "The day; empty is the event's date, and 2 its second day."},
		{Name: "start", Also: []string{"시작", "开始", "开始时间"}, Type: TypeTime, Must: true, Example: start, About: "When it starts, in the event's time zone."},
		{Name: "end", Also: []string{"종료", "끝", "结束", "结束时间"}, Type: TypeTime, Must: true, Example: end, About: "When it ends, in the event's time zone."},
	}
}

func columns(groups ...[]Column) []Column {
	var all []Column
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
}

func zonesColumn(must bool, about string) Column {
	return Column{Name: "zones", Also: []string{"구역", "区域"}, Type: TypeRefs, Of: sheetZones, Must: must, Example: "A; B", About: about}
}

func languagesColumn(must bool, about string) Column {
	return Column{Name: "languages", Also: []string{"언어", "语言"}, Type: TypeList, Must: must, Example: "ko; en", About: about}
}

func companyColumn(name string, also ...string) Column {
	return Column{Name: name, Also: also, Type: TypeRef, Of: sheetCompanies, Must: true, Example: "k07"}
}

// about sets a column's sentence and, unless empty, its example.
func about(c Column, example, sentence string) Column {
	c.About = sentence
	if example != "" {
		c.Example = example
	}
	return c
}
