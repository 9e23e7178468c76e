package floor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
)

// Change is one thing that happened. The log is a sequence of records of changes; applying them in
// order makes the state.
type Change interface {
	apply(*transaction)
}

// ChangeKind is the name of a kind of change in the log.
type ChangeKind string

// Record has the changes that one command made.
type Record struct {
	Key     CommandKey
	Kind    CommandKind
	By      ActorID
	Wall    Instant // wall time of the node that decided; for information only: the order is that of sequence numbers
	Changes []Change
}

// UnknownChangeError says that a record has something that this version of the program does not know:
// a change of a later kind, or a field that a kind was given later. Applying such a record without it
// would make a state that differs from the one on other nodes.
type UnknownChangeError struct {
	Kind  ChangeKind // "" for the record itself
	Field bool
}

func (e *UnknownChangeError) Error() string {
	if e.Field {
		return fmt.Sprintf("floor: the log holds a record with a field (kind %q) that this version does not know", e.Kind)
	}
	return fmt.Sprintf("floor: the log holds a change of the kind %q, which this version does not know", e.Kind)
}

type recordJSON struct {
	Key     CommandKey   `json:"key"`
	Kind    CommandKind  `json:"kind"`
	By      ActorID      `json:"by"`
	Wall    Instant      `json:"wall"`
	Changes []changeJSON `json:"changes"`
}

type changeJSON struct {
	Kind ChangeKind      `json:"kind"`
	Body json.RawMessage `json:"body"`
}

// EncodeRecord returns the bytes of a record as the log stores them.
func EncodeRecord(r Record) ([]byte, error) {
	out := recordJSON{Key: r.Key, Kind: r.Kind, By: r.By, Wall: r.Wall, Changes: make([]changeJSON, 0, len(r.Changes))}
	for _, c := range r.Changes {
		body, err := json.Marshal(c)
		if err != nil {
			return nil, fmt.Errorf("floor: encode %T: %w", c, err)
		}
		out.Changes = append(out.Changes, changeJSON{changeKind(c), body})
	}
	return json.Marshal(out)
}

// RoundTrips reports whether a record's bytes decode to what was encoded. Text that is not valid
// UTF-8 does not: it is logged with U+FFFD in its place.
func RoundTrips(data []byte) bool { return !bytes.Contains(data, []byte(`\ufffd`)) }

// DecodeRecord reads what EncodeRecord wrote. If a change is of a later version, the error is an
// *UnknownChangeError, and the caller must not apply that record or any later one.
func DecodeRecord(data []byte) (Record, error) {
	var in recordJSON
	if err := unmarshal("", data, &in); err != nil {
		return Record{}, err
	}
	changes, err := decodeChanges(in.Changes)
	return Record{Key: in.Key, Kind: in.Kind, By: in.By, Wall: in.Wall, Changes: changes}, err
}

func decodeChanges(in []changeJSON) ([]Change, error) {
	var out []Change
	for _, c := range in {
		t, ok := changeTypes[c.Kind]
		if !ok {
			return nil, &UnknownChangeError{Kind: c.Kind}
		}
		v := reflect.New(t)
		if err := unmarshal(c.Kind, c.Body, v.Interface()); err != nil {
			return nil, err
		}
		out = append(out, v.Elem().Interface().(Change))
	}
	return out, nil
}

// unmarshal reads JSON without dropping anything: an unknown field is an *UnknownChangeError.
func unmarshal(kind ChangeKind, data []byte, into any) error {
	strict := json.NewDecoder(bytes.NewReader(data))
	strict.DisallowUnknownFields()
	err := strict.Decode(into)
	switch {
	case err == nil:
		return nil
	case json.Unmarshal(data, into) == nil: // so the strict decoder failed at an unknown field
		return &UnknownChangeError{Kind: kind, Field: true}
	}
	return fmt.Errorf("floor: decode a record (kind %q): %w", kind, err)
}

// commit adds the record, whose changes are applied, to the command history.
func (tx *transaction) commit(r Record) (State, Affected) {
	tx.addToHistory(r)
	return tx.State, tx.affected()
}
