package sqlitejournal

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/matchfloor/matchfloor/journal"
)

// MarkName is the name of a small file beside the journal's: it holds what was
// stored last, so that an opener notices if that is not there any more. SQLite
// takes a damaged write-ahead log for one whose writer died, and a missing one
// for none: it would go on, silently, without what had been acknowledged.
//
// The mark is written after the commit and before its acknowledgement, and not
// synced: it survives the process, and if a power cut takes it, or leaves it as
// it was before, it only shows less. It never names what was not stored durably.
const MarkName = "journal.mark"

// ErrMissing is wrapped by the error of Open where the file does not hold what
// the mark names.
var ErrMissing = errors.New("sqlitejournal: records that had been acknowledged are not in the file")

// mark names the last record of one log, the one that was written last.
type mark struct {
	log  journal.LogID
	head journal.Position
}

// The mark's form: a title, epoch, seq, hash, the log's name padded with zeros,
// and the SHA-256 of all that. A disk writes its 200 bytes at once.
const (
	markTitle = "matchfloor.mark.1"
	maxName   = 64
	markSize  = len(markTitle) + 16 + len(journal.Hash{}) + maxName + sha256.Size
)

func (m mark) encode() []byte {
	b := make([]byte, 0, markSize)
	b = append(b, markTitle...)
	b = binary.BigEndian.AppendUint64(b, m.head.Epoch)
	b = binary.BigEndian.AppendUint64(b, m.head.Seq)
	b = append(b, m.head.Hash[:]...)
	b = append(b, m.log...)
	b = append(b, make([]byte, maxName-len(m.log))...)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// decodeMark answers ok=false for anything but a whole mark.
func decodeMark(b []byte) (m mark, ok bool) {
	if len(b) != markSize || string(b[:len(markTitle)]) != markTitle || sha256.Sum256(b[:markSize-sha256.Size]) != [sha256.Size]byte(b[markSize-sha256.Size:]) {
		return m, false
	}
	b = b[len(markTitle):]
	m.head.Epoch = binary.BigEndian.Uint64(b)
	m.head.Seq = binary.BigEndian.Uint64(b[8:])
	copy(m.head.Hash[:], b[16:])
	name := b[16+len(m.head.Hash):][:maxName]
	for len(name) > 0 && name[len(name)-1] == 0 {
		name = name[:len(name)-1]
	}
	m.log = journal.LogID(name)
	return m, true
}

// openMark answers the mark's file in dir, made where it is missing, and the mark
// that is in it, if there is one.
func openMark(dir string) (f *os.File, m mark, ok bool, err error) {
	name := filepath.Join(dir, MarkName)
	content, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, m, false, err
	}
	if f, err = os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		return nil, m, false, err
	}
	m, ok = decodeMark(content)
	return f, m, ok, nil
}

// checkMark answers an error that wraps ErrMissing unless the log that the mark
// names holds its position, or has been replaced since. The mark has to be read
// before the transaction begins: another process may go on meanwhile.
func (tx *tx) checkMark(m mark) error {
	l, err := tx.find(m.log)
	if err != nil || l.head.Epoch > m.head.Epoch {
		return err
	}
	held, err := tx.holds(l, m.head)
	if err == nil && !held {
		err = fmt.Errorf("%w: log %q stood at %v and stands at %v", ErrMissing, m.log, m.head, l.head)
	}
	return err
}
