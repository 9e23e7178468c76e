package sqlitejournal

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// MarkerName is the name of a small file next to the journal's, the durability marker: it
// names the record that was stored last, so that Open notices if that record is missing.
// SQLite takes a damaged write-ahead log for one whose writer died, and a missing one for an
// empty one: without the marker it would silently go on without acknowledged records.
//
// The marker is written after the commit and before its acknowledgement, and it is not
// synced. It survives the process; if a power cut takes it, or leaves an older one, it only
// shows less. It never names a record that was not stored durably.
const MarkerName = "journal.mark"

// marker names the record that was written last, of whichever log.
type marker struct {
	log  journal.LogID
	head journal.Position
}

// The marker's encoding: a title, epoch, seq, hash, the log's name padded with zeros, and
// the SHA-256 of all that. A disk writes its 200 bytes at once.
const (
	markerTitle   = "matchfloor.mark.1"
	markerLogSize = 64 // bytes of the log's name
	markerSize    = len(markerTitle) + 16 + len(journal.Hash{}) + markerLogSize + sha256.Size
)

func (m marker) encode() []byte {
	b := make([]byte, 0, markerSize)
	b = append(b, markerTitle...)
	b = binary.BigEndian.AppendUint64(b, m.head.Epoch)
	b = binary.BigEndian.AppendUint64(b, m.head.Seq)
	b = append(b, m.head.Hash[:]...)
	b = append(b, m.log...)
	b = append(b, make([]byte, markerLogSize-len(m.log))...)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// decodeMarker returns ok=false for anything but a complete, undamaged marker.
func decodeMarker(b []byte) (m marker, ok bool) {
	if len(b) != markerSize || string(b[:len(markerTitle)]) != markerTitle || sha256.Sum256(b[:markerSize-sha256.Size]) != [sha256.Size]byte(b[markerSize-sha256.Size:]) {
		return m, false
	}
	b = b[len(markerTitle):]
	m.head.Epoch = binary.BigEndian.Uint64(b)
	m.head.Seq = binary.BigEndian.Uint64(b[8:])
	copy(m.head.Hash[:], b[16:])
	name := b[16+len(m.head.Hash):][:markerLogSize]
	for len(name) > 0 && name[len(name)-1] == 0 {
		name = name[:len(name)-1]
	}
	m.log = journal.LogID(name)
	return m, true
}

// openMarker opens the marker's file in dir, and creates it if it is missing. It returns the
// marker that was in it; ok is false if there was none.
func openMarker(dir string) (f *os.File, m marker, ok bool, err error) {
	name := filepath.Join(dir, MarkerName)
	content, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, m, false, err
	}
	if f, err = os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		return nil, m, false, err
	}
	if len(content) > markerSize { // what is written over it would stay unreadable
		if err := f.Truncate(int64(markerSize)); err != nil {
			return f, m, false, err
		}
	}
	m, ok = decodeMarker(content)
	return f, m, ok, nil
}

// noteMissingMarker sets markerMissing if the journal is not empty. It reads the marker again some
// times, because another process may have been writing it.
func (db *database) noteMissingMarker(ctx context.Context) error {
	for range 5 {
		content, err := os.ReadFile(db.marker.Name())
		if err != nil {
			return err
		}
		if _, ok := decodeMarker(content); ok {
			return nil
		}
		time.Sleep(busyPause)
	}
	return db.read(ctx, func(tx *transaction) error {
		var logs int
		err := tx.row("SELECT count(*) FROM logs").Scan(&logs)
		if err == nil && logs > 0 {
			db.markerMissing = fmt.Errorf("sqlitejournal: %s is missing or unreadable: it names the record that was stored last, and without it nobody can tell whether the last records are there. "+
				"Compare with a backup or with what screens show; the next record that is stored writes it again", db.marker.Name())
		}
		return err
	})
}
