// Package archive reads and writes a file of logs: a backup writes it, and a restore reads it. The
// format does not depend on the journal that the logs come from or go to, nor on the contents of
// the records.
//
// An archive is the title, the logs one after the other, and an end:
//
//	"matchfloor.archive.1\n"
//	'L' name epoch                     a log begins; its records follow
//	'R' key digest(32) hash(32) body   a record of that log, in order from 1
//	'E' sum(32)                        the end: SHA-256 of every byte before the sum
//
// Name, key and body are preceded by their length in four bytes; epoch has eight bytes. All numbers
// are big-endian. Each record is verified by its hash, which chains it to the record before; the
// sum reveals a missing log or a missing end.
//
// A later format has a higher number in the title. Every format MUST end with the SHA-256 of every
// byte before it: by that, this version tells an archive of a later one from a damaged one.
package archive

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"

	"github.com/matchfloor/matchfloor/journal"
)

const (
	title    = "matchfloor.archive.1\n"
	format   = 1 // the number in title
	tagLog   = 'L'
	tagEntry = 'R'
	tagEnd   = 'E'

	titlePrefix  = "matchfloor.archive."
	maxTitleRest = 8 // bytes of a title beyond the length of ours

	maxName    = 64         // bytes of a log's id
	maxRecords = 10_000_000 // of one log: far more than any log has
)

// ErrDamaged is wrapped by every error that says that an archive differs from what was written,
// or is incomplete.
var ErrDamaged = errors.New("archive: damaged or cut short")

// NewerError says that an archive is in a format that this version does not read.
type NewerError struct {
	Format int
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("archive: made by a newer version of matchfloor: it has format %d, this version reads format %d", e.Format, format)
}

// Log is all of one log: its records, numbered from 1 and chained in its epoch.
type Log struct {
	ID      journal.LogID
	Epoch   uint64
	Records []journal.Record
}

// Head returns the position after the last record.
func (l Log) Head() journal.Position {
	if len(l.Records) == 0 {
		return journal.Genesis(l.ID, l.Epoch)
	}
	last := l.Records[len(l.Records)-1]
	return journal.Position{Epoch: l.Epoch, Seq: last.Seq, Hash: last.Hash}
}

// ReadLog returns all of a log, verified, up to its head at some moment of the call. It blocks
// as the journal's Read does, and has the whole log in memory. If the log is replaced meanwhile
// the error wraps journal.ErrDiverged.
func ReadLog(ctx context.Context, j journal.Journal, log journal.LogID) (Log, error) {
	cursor := journal.NewCursor(log, journal.Position{})
	records, err := cursor.CatchUp(ctx, j)
	return Log{ID: log, Epoch: cursor.At().Epoch, Records: records}, err
}

// Writer writes an archive: the caller calls Put for each log, and then Close. It is not safe
// for concurrent use. After an error the archive is unusable.
type Writer struct {
	out *bufio.Writer
	sum hash.Hash
}

// NewWriter begins an archive on out. The caller must sync and close out afterwards.
func NewWriter(out io.Writer) *Writer {
	sum := sha256.New()
	w := &Writer{out: bufio.NewWriterSize(io.MultiWriter(out, sum), 1<<16), sum: sum}
	_, _ = w.out.WriteString(title) // Put or Close returns its error
	return w
}

// Put adds a log. If its records do not follow from each other it writes nothing and returns an
// error that wraps journal.ErrCorrupt.
func (w *Writer) Put(l Log) error {
	if err := l.ID.Check(); err != nil {
		return err
	}
	if _, err := journal.Verify(l.ID, journal.Genesis(l.ID, l.Epoch), l.Records); err != nil {
		return err
	}
	b := field([]byte{tagLog}, []byte(l.ID))
	if _, err := w.out.Write(binary.BigEndian.AppendUint64(b, l.Epoch)); err != nil {
		return err
	}
	for _, r := range l.Records {
		b := field([]byte{tagEntry}, []byte(r.Key))
		b = append(append(b, r.Digest[:]...), r.Hash[:]...)
		if _, err := w.out.Write(field(b, r.Body)); err != nil {
			return err
		}
	}
	return nil
}

// Close writes the end. It does not close the underlying writer.
func (w *Writer) Close() error {
	err := w.out.WriteByte(tagEnd)
	if err == nil {
		err = w.out.Flush()
	}
	if err != nil {
		return err
	}
	sum := w.sum.Sum(nil)
	if _, err := w.out.Write(sum); err != nil {
		return err
	}
	return w.out.Flush()
}

// field appends a value preceded by its length.
func field(b, value []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(value)))
	return append(b, value...)
}

// Read reads an archive from r to its end and calls each with every log, verified, in the order
// in which they were put. It stops at an error of each and returns it. It returns an error that
// wraps ErrDamaged if the archive is damaged, possibly after undamaged logs: a caller that acts
// on the logs must read the whole archive once before. For an archive in a later format it
// returns a *NewerError and calls each for none. One log at a time is in memory, at most as large
// as the archive.
func Read(r io.Reader, each func(Log) error) error {
	sum := sha256.New()
	in := &reader{in: io.TeeReader(bufio.NewReaderSize(r, 1<<16), sum)}
	if got := in.bytes(len(title)); in.err == nil && string(got) != title {
		return otherTitle(got, in.in)
	}
	tag := in.tag()
	for in.err == nil && tag == tagLog {
		var l Log
		if l, tag = in.log(); in.err != nil {
			break
		}
		if err := each(l); err != nil {
			return err
		}
	}
	if in.err == nil && tag != tagEnd {
		in.err = fmt.Errorf("%w: %q is in the place of a log or the end", ErrDamaged, tag)
	}
	want := sum.Sum(nil)
	got := in.bytes(len(want))
	switch {
	case in.err != nil:
		return in.err
	case string(got) != string(want):
		return fmt.Errorf("%w: its sum does not match", ErrDamaged)
	}
	if in.tag(); in.err == nil {
		return fmt.Errorf("%w: there is data after its end", ErrDamaged)
	}
	return nil
}

// otherTitle returns the error for an archive that begins with another title. after is what
// follows the first bytes.
func otherTitle(first []byte, after io.Reader) error {
	in, more := bufio.NewReader(after), "" // a number of several digits ends after the first bytes
	number, ours := strings.CutPrefix(string(first), titlePrefix)
	if ours && !strings.HasSuffix(number, "\n") {
		end, err := in.ReadSlice('\n')
		more, ours = string(end), err == nil && len(end) <= maxTitleRest
	}
	found, err := strconv.Atoi(strings.TrimSuffix(number+more, "\n"))
	if !ours || err != nil || found <= format {
		return fmt.Errorf("%w: it does not begin with the title of an archive", ErrDamaged)
	}
	intact, err := endsWithSum(io.MultiReader(bytes.NewReader(first), strings.NewReader(more), in))
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	case !intact:
		return fmt.Errorf("%w: it names format %d, but its sum does not match", ErrDamaged, found)
	}
	return &NewerError{Format: found}
}

// endsWithSum reports whether the last bytes of r are the SHA-256 of all bytes before them.
func endsWithSum(r io.Reader) (bool, error) {
	sum := sha256.New()
	var held []byte // the last bytes so far; they may be the sum
	block := make([]byte, 1<<16)
	for {
		n, err := r.Read(block)
		held = append(held, block[:n]...)
		if over := len(held) - sha256.Size; over > 0 {
			sum.Write(held[:over])
			held = append(held[:0], held[over:]...)
		}
		if err == io.EOF {
			return bytes.Equal(held, sum.Sum(nil)), nil
		}
		if err != nil {
			return false, err
		}
	}
}

// reader reads the parts of an archive; after its first error it returns zeros.
type reader struct {
	in  io.Reader
	err error
}

// log reads a log whose tag has been read, and the tag after it.
func (r *reader) log() (l Log, tag byte) {
	l.ID = journal.LogID(r.field(maxName))
	l.Epoch = r.number(8)
	if r.err == nil && !l.ID.Valid() {
		r.err = fmt.Errorf("%w: %q is not a log's id", ErrDamaged, string(l.ID))
	}
	at := journal.Genesis(l.ID, l.Epoch)
	for tag = r.tag(); r.err == nil && tag == tagEntry; tag = r.tag() {
		record := r.record()
		at = at.Next(record)
		record.Seq = at.Seq
		switch {
		case r.err != nil:
		case record.Hash != at.Hash:
			r.err = fmt.Errorf("%w: record %d of log %q does not match its hash", ErrDamaged, at.Seq, l.ID)
		case at.Seq > maxRecords:
			r.err = fmt.Errorf("%w: log %q has more than %d records", ErrDamaged, l.ID, maxRecords)
		}
		l.Records = append(l.Records, record)
	}
	return l, tag
}

func (r *reader) record() (record journal.Record) {
	record.Key = journal.CommandKey(r.field(journal.MaxKey))
	copy(record.Digest[:], r.bytes(len(record.Digest)))
	copy(record.Hash[:], r.bytes(len(record.Hash)))
	record.Body = r.field(journal.MaxRecord)
	return record
}

func (r *reader) tag() byte { return byte(r.number(1)) }

// field reads a value preceded by its length, which is at most limit.
func (r *reader) field(limit int) []byte {
	n := r.number(4)
	if r.err == nil && n > uint64(limit) {
		r.err = fmt.Errorf("%w: a field of %d bytes, more than %d", ErrDamaged, n, limit)
	}
	return r.bytes(int(n))
}

// number reads a big-endian number of size bytes.
func (r *reader) number(size int) (n uint64) {
	for _, b := range r.bytes(size) {
		n = n<<8 | uint64(b)
	}
	return n
}

func (r *reader) bytes(n int) []byte {
	if r.err != nil {
		return nil
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r.in, b); err != nil {
		r.err = fmt.Errorf("%w: %w", ErrDamaged, err)
		return nil
	}
	return b
}
