package workbook

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// The limits of a workbook. A forum with 300 tables and 20 rounds needs a tenth of them.
const (
	MaxFile     = 8 << 20  // bytes of the file
	maxUnpacked = 32 << 20 // bytes of all its parts unpacked
	maxParts    = 500      // files inside
	maxRows     = 20_000   // rows in a sheet, including the header
	maxColumns  = 64       // cells in a row
	maxCell     = 2_000    // characters in a cell of any type
)

// rawRow is a row of a sheet as stored in the file.
type rawRow struct {
	number int // from 1
	cells  []string
}

// rawSheet is the content of a sheet as stored in the file.
type rawSheet struct {
	name  string
	rows  []rawRow // without empty ones
	fault *Fault   // why it was not read to its end
}

// rawBook is the content of a workbook as stored in the file.
type rawBook struct {
	sheets []rawSheet
	d1904  bool // dates count from 1904
}

// unpack reads the file. The fault is the file's; the error is r's.
func unpack(r io.Reader, size int64) (rawBook, *Fault, error) {
	if size > MaxFile {
		return rawBook{}, tooBigFault(), nil
	}
	raw, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return rawBook{}, nil, fmt.Errorf("read the workbook: %w", err)
	}
	if fault := checkArchive(raw); fault != nil {
		return rawBook{}, fault, nil
	}
	book, fault := readBook(raw)
	return book, fault, nil
}

func tooBigFault() *Fault {
	return &Fault{Code: FileTooBig, Params: params("limit", strconv.Itoa(MaxFile>>20))}
}

// checkArchive refuses a file that is not a workbook, unpacks to too much, or is damaged.
// The library reads a damaged part up to the damage without an error, which would lose rows
// silently; therefore each part is read to its end first.
func checkArchive(raw []byte) *Fault {
	switch {
	case len(raw) > MaxFile:
		return tooBigFault()
	case bytes.HasPrefix(raw, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")): // OLE: .xls, or encrypted
		return &Fault{Code: FileLocked}
	case !bytes.HasPrefix(raw, []byte("PK\x03\x04")):
		return &Fault{Code: FileNotXLSX}
	}
	archive, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return &Fault{Code: FileBroken}
	}
	var total uint64
	workbook := false
	for _, part := range archive.File {
		total += min(part.UncompressedSize64, maxUnpacked+1) // the sum of the claimed sizes could overflow
		workbook = workbook || strings.EqualFold(part.Name, "[Content_Types].xml")
	}
	switch {
	case total > maxUnpacked || len(archive.File) > maxParts:
		return tooBigFault()
	case !workbook:
		return &Fault{Code: FileNotXLSX}
	}
	tags := new(markupCount)
	for _, part := range archive.File {
		switch err := checkPart(part, tags); {
		case errors.Is(err, errMarkup):
			return tooBigFault()
		case err != nil:
			return &Fault{Code: FileBroken}
		}
	}
	return nil
}

// checkPart reads a part to its end. archive/zip checks its length and checksum; checkPart
// also counts its markup, and checks that an XML part is well-formed.
func checkPart(part *zip.File, tags *markupCount) error {
	opened, err := part.Open()
	if err != nil {
		return err
	}
	r := tags.limit(opened, maxTagOther)
	if name := strings.ToLower(part.Name); strings.HasSuffix(name, ".xml") || strings.HasSuffix(name, ".rels") {
		r = tags.limit(opened, maxTag)
		for d := xml.NewDecoder(r); err == nil; {
			_, err = d.Token()
		}
		if err != io.EOF {
			return errors.Join(err, opened.Close())
		}
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return errors.Join(err, opened.Close())
	}
	return opened.Close()
}

// readBook reads the cells of the sheets as they are stored. A file on which the library
// fails or panics is a broken file: the file is untrusted.
func readBook(raw []byte) (book rawBook, fault *Fault) {
	defer func() {
		if recover() != nil {
			book, fault = rawBook{}, &Fault{Code: FileBroken}
		}
	}()
	f, err := excelize.OpenReader(bytes.NewReader(raw), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxUnpacked, // equal, so that the library writes no temporary files
	})
	if err != nil {
		return rawBook{}, &Fault{Code: FileBroken}
	}
	if p, err := f.GetWorkbookProps(); err == nil && p.Date1904 != nil {
		book.d1904 = *p.Date1904
	}
	for _, name := range f.GetSheetList() {
		if ignoredSheet(name) {
			continue
		}
		t, err := readTable(f, name)
		if err != nil {
			return rawBook{}, &Fault{Code: FileBroken}
		}
		book.sheets = append(book.sheets, t)
	}
	if f.Close() != nil {
		return rawBook{}, &Fault{Code: FileBroken}
	}
	return book, nil
}

// readTable reads a sheet row by row, so that a sheet that claims a million rows costs no
// more than the limit.
func readTable(f *excelize.File, name string) (rawSheet, error) {
	t := rawSheet{name: name}
	rows, err := f.Rows(name)
	if err != nil {
		return t, err
	}
	for no := 1; rows.Next(); no++ {
		cells, err := rows.Columns()
		if err != nil {
			return t, err
		}
		if len(cells) > maxColumns { // even if they are blank: each such row is expensive to read
			t.fault = &Fault{Sheet: name, Row: no, Code: TooWide, Params: params("limit", strconv.Itoa(maxColumns))}
			break
		}
		if isEmpty(cells) {
			continue
		}
		if len(t.rows) == maxRows {
			t.fault = &Fault{Sheet: name, Row: no, Code: TooManyRows, Params: params("limit", strconv.Itoa(maxRows))}
			break
		}
		t.rows = append(t.rows, rawRow{no, cells})
	}
	if rows.Error() != nil {
		return t, rows.Error()
	}
	return t, rows.Close()
}

func isEmpty(cells []string) bool {
	for _, c := range cells {
		if trim(c) != "" {
			return false
		}
	}
	return true
}

// ignoredSheet reports whether a sheet is a note for people.
func ignoredSheet(name string) bool {
	name = compareForm(name)
	return strings.HasPrefix(name, "#") || name == readmeSheet || name == "읽어두기" || name == "说明"
}
