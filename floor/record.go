package floor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
)

// Change is one thing that happened. Records of changes are what the log holds;
// folding them in order makes the state.
type Change interface {
	apply(*transaction)
}

// ChangeKind is a change's name in the log.
type ChangeKind string

// Record is what one command did.
type Record struct {
	Key     CommandKey
	Kind    CommandKind
	By      ActorID
	Wall    Instant // stamp of the node that decided; it informs, sequence orders
	Changes []Change
}

// UnknownChangeError says that a record holds what this version does not know: a
// change of a later kind, or one of a kind that has been given a field since. Whoever
// folded on would hold another state than the other nodes.
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

// EncodeRecord answers the bytes under which a record is logged.
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

// RoundTrips reports whether a record's bytes are read back as what was encoded. Text
// that is no UTF-8 is logged with a mark in its place.
func RoundTrips(data []byte) bool { return !bytes.Contains(data, []byte(`\ufffd`)) }

// DecodeRecord reads what EncodeRecord wrote. A change of a later version is an
// *UnknownChangeError: whoever meets one must not fold on.
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

// unmarshal reads JSON and drops nothing: an unknown field is an *UnknownChangeError.
func unmarshal(kind ChangeKind, data []byte, into any) error {
	strict := json.NewDecoder(bytes.NewReader(data))
	strict.DisallowUnknownFields()
	err := strict.Decode(into)
	switch {
	case err == nil:
		return nil
	case json.Unmarshal(data, into) == nil: // so it was a field
		return &UnknownChangeError{Kind: kind, Field: true}
	}
	return fmt.Errorf("floor: decode a record (kind %q): %w", kind, err)
}

// Apply folds one record in and answers the next state, with what may look
// different in it. It is total: a record that the log holds has been decided.
func (s State) Apply(r Record) (State, Affected) {
	d := newTransaction(s, r)
	for _, c := range r.Changes {
		c.apply(d)
	}
	return d.commit(r)
}

// commit remembers the record whose changes were folded in.
func (tx *transaction) commit(r Record) (State, Affected) {
	tx.addToHistory(r)
	return tx.State, tx.affected()
}
