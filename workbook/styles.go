package workbook

import (
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// readmeSheet is the first sheet of a written workbook. Read ignores it.
const readmeSheet = "readme"

var readme = []string{
	"matchfloor",
	"",
	"한국어",
	"이 통합 문서 하나가 행사 전체입니다. 시트마다 첫 행은 열 이름이고, 그 아래 한 행이 하나의 항목입니다.",
	"열 순서는 바꿔도 되지만 이름은 그대로 두세요. 진한 제목의 열은 반드시 채워야 합니다. 메모용 열과 시트는 이름을 #으로 시작하세요.",
	"시각은 13:30 또는 2026-11-24 13:30, 여러 값은 세미콜론(;)으로 구분합니다. 언어는 ko, zh, en, 언어쌍은 ko-zh로 씁니다.",
	"셀을 병합하지 마세요. 오류가 하나라도 있으면 아무것도 반영되지 않으며, 모든 오류가 시트·행·열과 함께 한 번에 표시됩니다.",
	"배정표를 발표하기 전까지는 고쳐서 다시 올릴 수 있습니다. id가 같으면 링크(QR)도 그대로입니다.",
	"",
	"中文",
	"整场活动就在这一个工作簿里。每个工作表的第一行是列名，下面每行是一项。",
	"列的顺序可以调整，列名请勿改动。深色标题的列必须填写。仅供自己备注的列和工作表，名称请以 # 开头。",
	"时间写作 13:30 或 2026-11-24 13:30；多个值用分号 (;) 隔开。语言写作 ko、zh、en，语对写作 ko-zh。",
	"请勿合并单元格。只要有一处错误就不会导入任何内容；所有错误会按工作表、行、列一次列出。",
	"发布排表之前可以修改后重新导入。id 不变，链接（二维码）也不变。",
	"",
	"English",
	"This one workbook is the whole event. In each sheet the first row names the columns; each row below is one thing.",
	"Columns may stand in any order, but keep their names. Columns with a dark header must be filled in. Begin the name of a column or sheet that is only for you with #.",
	"Write times as 13:30 or 2026-11-24 13:30, and part several values with semicolons (;). Languages are ko, zh, en; a pair of them is ko-zh.",
	"Do not merge cells. With any error nothing is imported; all errors are shown at once with sheet, row and column.",
	"Until the schedule is released the workbook may be changed and imported again. As long as an id stays, its link (QR code) stays.",
}

// styles are the formats of the cells of a workbook.
type styles struct{ text, number, must, optional, title int }

func newStyles(f *excelize.File) (s styles, err error) {
	style := func(to *int, st excelize.Style) {
		if err == nil {
			*to, err = f.NewStyle(&st)
		}
	}
	header := func(ink, paper string) excelize.Style {
		return excelize.Style{
			NumFmt: textFormat, Font: &excelize.Font{Bold: true, Color: ink},
			Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{paper}},
		}
	}
	style(&s.text, excelize.Style{NumFmt: textFormat, Alignment: &excelize.Alignment{Vertical: "top"}})
	style(&s.number, excelize.Style{NumFmt: 1, Alignment: &excelize.Alignment{Vertical: "top"}})
	style(&s.must, header("#FFFFFF", "#067A5B"))
	style(&s.optional, header("#0B1320", "#E3F5EE"))
	style(&s.title, excelize.Style{Font: &excelize.Font{Bold: true, Size: 14, Color: "#067A5B"}})
	return s, err
}

const textFormat = 49 // "@": text, which the spreadsheet program does not convert

// fillFile writes the readme and all sheets.
func (e exporter) fillFile(f *excelize.File) error {
	s, err := newStyles(f)
	if err != nil {
		return err
	}
	if err := f.SetDocProps(&excelize.DocProperties{
		Creator: "matchfloor", LastModifiedBy: "matchfloor", Title: string(e.forum.Event.ID),
		Created: "2026-01-01T00:00:00Z", Modified: "2026-01-01T00:00:00Z", // a fixed date, so that equal forums give equal bytes
	}); err != nil {
		return err
	}
	if err := writeReadme(f, s); err != nil {
		return err
	}
	for _, l := range layouts {
		if err := e.writeSheet(f, l, s); err != nil {
			return err
		}
	}
	return nil
}

func writeReadme(f *excelize.File, s styles) error {
	if err := f.SetSheetName(f.GetSheetName(0), readmeSheet); err != nil {
		return err
	}
	if err := f.SetColWidth(readmeSheet, "A", "A", 130); err != nil {
		return err
	}
	for i, text := range readme {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		if err != nil {
			return err
		}
		if err := f.SetCellStr(readmeSheet, cell, text); err != nil {
			return err
		}
		if i == 0 || text == "한국어" || text == "中文" || text == "English" {
			if err := f.SetCellStyle(readmeSheet, cell, cell, s.title); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e exporter) writeSheet(f *excelize.File, l *Layout, s styles) error {
	if _, err := f.NewSheet(l.Name); err != nil {
		return err
	}
	records := e.records(l.Name)
	for at, c := range l.Columns {
		if err := writeColumn(f, l.Name, at+1, c, s, records); err != nil {
			return err
		}
	}
	for at, c := range l.Columns {
		if err := addDropList(f, l.Name, at+1, c); err != nil {
			return err
		}
	}
	return f.SetPanes(l.Name, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
}

// writeColumn writes a header and the cells below it; all text is stored as text.
func writeColumn(f *excelize.File, sheet string, at int, c Column, s styles, records []record) error {
	name, err := excelize.ColumnNumberToName(at)
	if err != nil {
		return err
	}
	body, head := s.text, s.optional
	if c.Type == TypeNumber {
		body = s.number
	}
	if c.Must {
		head = s.must
	}
	if err := f.SetColStyle(sheet, name, body); err != nil {
		return err
	}
	longest := len(c.Name)
	if err := f.SetCellStr(sheet, name+"1", c.Name); err != nil {
		return err
	}
	if err := f.SetCellStyle(sheet, name+"1", name+"1", head); err != nil {
		return err
	}
	for i, r := range records {
		cell, err := excelize.CoordinatesToCellName(at, i+2)
		if err != nil {
			return err
		}
		if err := writeCell(f, sheet, cell, r[c.Name]); err != nil {
			return err
		}
		if text, ok := r[c.Name].(string); ok {
			longest = max(longest, utf8.RuneCountInString(text)+(len(text)-utf8.RuneCountInString(text))/2) // Hangul and Han characters are twice as wide
		}
	}
	return f.SetColWidth(sheet, name, name, float64(min(max(longest+2, 8), 48)))
}

// addDropList gives the cells of a column with few possible words a list to choose from.
// Other words may be typed: Read accepts the Korean and Chinese ones.
func addDropList(f *excelize.File, sheet string, at int, c Column) error {
	var offered []string
	switch c.Type {
	case TypeYesNo:
		offered = []string{"yes", "no"}
	case TypeChoice:
		offered = strings.Split(choiceWords(c.Name), ", ")
	default:
		return nil
	}
	name, err := excelize.ColumnNumberToName(at)
	if err != nil {
		return err
	}
	v := excelize.NewDataValidation(true)
	v.SetSqref(name + "2:" + name + strconv.Itoa(maxRows))
	if err := v.SetDropList(offered); err != nil {
		return err
	}
	v.ShowErrorMessage = false
	return f.AddDataValidation(sheet, v)
}

func writeCell(f *excelize.File, sheet, cell string, value any) error {
	switch v := value.(type) {
	case string:
		if v == "" {
			return nil
		}
		return f.SetCellStr(sheet, cell, escape(v))
	case int:
		return f.SetCellInt(sheet, cell, int64(v))
	}
	return nil
}

var escapeSequence = regexp.MustCompile(`^_x[0-9A-Fa-f]{4}_`)

// escape prevents a text that looks like an escape of the file format (_x0041_) from being
// read as one. (The library cannot distinguish two texts of which one is the escape of the
// other; no name looks like that.)
func escape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var out strings.Builder
	for i := range len(s) {
		if s[i] == '_' && escapeSequence.MatchString(s[i:]) {
			out.WriteString("_x005F_")
			continue
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

// AddFS is part of the library's interface of a zip writer. The library does not call it.
func (z *orderedZip) AddFS(fs.FS) error { return fs.ErrInvalid }
