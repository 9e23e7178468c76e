package sqlitejournal

import (
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/matchfloor/matchfloor/journal"
)

// indexOf says what each index of the schema is an index of.
var indexOf = map[string]string{
	"known":                        "command ids",
	"sqlite_autoindex_records_1":   "sequence numbers",
	"sqlite_autoindex_logs_1":      "names",
	"sqlite_autoindex_snapshots_1": "snapshots",
}

// unknownIndex is named if a damaged index cannot be told from another.
const unknownIndex = "one kind or another"

// maxFindings is how many faults of a file SQLite is asked for.
const maxFindings = 100

var (
	ofIndex = regexp.MustCompile(`\bindex (\w+)$`)
	ofTree  = regexp.MustCompile(`\bTree (\d+)\b`)
	unused  = regexp.MustCompile(`^Page \d+: never used$`) // follows from damage elsewhere
)

// checkStructure runs one of SQLite's checks of the whole file. If only indexes are damaged the
// error wraps a *journal.IndexError for each.
func checkStructure(tx *transaction, check string) error {
	rows, err := tx.conn.QueryContext(tx.ctx, fmt.Sprintf("PRAGMA %s(%d)", check, maxFindings))
	if err != nil {
		return err
	}
	var findings []string
	for rows.Next() && err == nil {
		var lines string
		err = rows.Scan(&lines)
		findings = append(findings, strings.Split(lines, "\n")...)
	}
	if err := errors.Join(err, rows.Err(), rows.Close()); err != nil || len(findings) == 1 && findings[0] == "ok" {
		return err
	}
	return sortFindings(tx, findings)
}

// sortFindings turns the lines of a check into errors. A line that names no index counts as about
// one if all records can be read without any.
func sortFindings(tx *transaction, findings []string) error {
	var all error
	seen := map[string]bool{}
	for _, line := range findings {
		if strings.HasPrefix(line, "***") || unused.MatchString(line) {
			continue
		}
		index, err := indexIn(tx, line)
		if err != nil {
			return err
		}
		if index == "" {
			if err := verifyTables(tx); err != nil {
				return fmt.Errorf("%w: the file's structure is damaged: %s: %w", journal.ErrCorrupt, line, err)
			}
			index = unknownIndex
		}
		if !seen[index] {
			seen[index] = true
			all = errors.Join(all, &journal.IndexError{Index: index, Detail: line})
		}
	}
	if all == nil {
		return fmt.Errorf("%w: the file's structure is damaged: %s", journal.ErrCorrupt, findings[0])
	}
	return all
}

// indexIn returns what the index that a finding is about is an index of, or "" if it is about
// something else.
func indexIn(tx *transaction, finding string) (string, error) {
	name := ""
	if m := ofIndex.FindStringSubmatch(finding); m != nil {
		name = m[1]
	} else if m := ofTree.FindStringSubmatch(finding); m != nil {
		root, err := strconv.Atoi(m[1])
		if err != nil {
			return "", nil // not a page of this file
		}
		err = tx.row("SELECT name FROM sqlite_schema WHERE type = 'index' AND rootpage = ?", root).Scan(&name)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return "", err
		}
	}
	return indexOf[name], nil
}

// blameAnyIndex returns an *IndexError in place of an error with which SQLite says that the file is
// damaged, if all records can be read without any index. It returns other errors as they are.
func blameAnyIndex(tx *transaction, err error) error {
	if primaryCode(err) != sqlite3.SQLITE_CORRUPT || verifyTables(tx) != nil {
		return err
	}
	return &journal.IndexError{Index: unknownIndex, Detail: err.Error()}
}

// blameIndex returns an *IndexError in place of the error about damaged records after a sequence
// number if a scan of the table, without its index, finds them undamaged.
func blameIndex(tx *transaction, l storedLog, after uint64, limit int, damage error) error {
	before, err := tx.scan(l, "NOT INDEXED", max(after, 1)-1, 1)
	if err != nil {
		return damage
	}
	at := journal.Genesis(l.name, l.head.Epoch)
	if after > 0 {
		if len(before.records) != 1 || before.records[0].Seq != after {
			return damage
		}
		at.Seq, at.Hash = after, before.records[0].Hash
	}
	page, err := tx.scan(l, "NOT INDEXED", after, limit)
	if err != nil {
		return damage
	}
	if l.verifyPage(at, page, after, limit) != nil {
		return damage
	}
	return sequenceIndexError(l.name, after+1)
}

func sequenceIndexError(log journal.LogID, seq uint64) error {
	return &journal.IndexError{Log: log, Index: indexOf["sqlite_autoindex_records_1"],
		Detail: fmt.Sprintf("it does not lead to record %d or one soon after it", seq)}
}

// checkUnnamed returns an *IndexError if a log that the index of names does not have is stored.
// Without it the log would look empty.
func checkUnnamed(tx *transaction, log journal.LogID) error {
	var id int64
	err := tx.row("SELECT id FROM logs NOT INDEXED WHERE name = ?", string(log)).Scan(&id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err == nil:
		return &journal.IndexError{Log: log, Index: indexOf["sqlite_autoindex_logs_1"], Detail: "it does not have this name"}
	}
	return err
}

// blameKey returns the reason why no record of batch could be stored, although the index finds
// none of their keys up to the head of the log.
func blameKey(tx *transaction, l storedLog, batch []journal.Record) error {
	for _, r := range batch {
		var seq uint64
		err := tx.row("SELECT seq FROM records NOT INDEXED WHERE log = ? AND key = ? AND seq > ? AND seq <> ?",
			l.id, []byte(r.Key), l.head.Seq, int64(r.Seq)).Scan(&seq)
		if err == nil {
			return &journal.CorruptError{Log: l.name, Seq: seq} // a record beyond the head
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	return &journal.IndexError{Log: l.name, Index: indexOf["known"], Detail: "it has a command's id that no record has"}
}
