package floor

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/matchfloor/matchfloor/internal/hamt"
)

// storedState is the stored form of a state: every list is sorted by key, and indexes are left out.
type storedState struct {
	Format        int                  `json:"format"`
	Seq           uint64               `json:"seq"`
	Version       int                  `json:"version,omitzero"`
	Event         Event                `json:"event"`
	Clock         EventClock           `json:"clock"`
	Zones         []Zone               `json:"zones,omitempty"`
	Tables        []Table              `json:"tables,omitempty"`
	Rounds        []Round              `json:"rounds,omitempty"`
	Items         []Item               `json:"items,omitempty"`
	Companies     []Company            `json:"companies,omitempty"`
	Attendees     []Attendee           `json:"attendees,omitempty"`
	Staff         []Staff              `json:"staff,omitempty"`
	Interpreters  []Interpreter        `json:"interpreters,omitempty"`
	Displays      []Display            `json:"displays,omitempty"`
	Meetings      []Meeting            `json:"meetings,omitempty"`
	Wishes        []Wish               `json:"wishes,omitempty"`
	Requests      []Request            `json:"requests,omitempty"`
	Announcements []Announcement       `json:"announcements,omitempty"`
	Notices       []storedNotice       `json:"notices,omitempty"`
	Links         []Link               `json:"links,omitempty"`
	Retired       []Link               `json:"retired,omitempty"`
	Revs          map[string]revision  `json:"revs,omitempty"`
	Done          []storedHistoryEntry `json:"done,omitempty"`
	Lost          []LostReported       `json:"lost,omitempty"`
	Exports       []Export             `json:"exports,omitempty"`
	Organisers    []Organiser          `json:"organisers,omitempty"`
	Events        []EventEntry         `json:"events,omitempty"`
	PublicURL     string               `json:"publicURL,omitzero"`
	KeyID         string               `json:"keyID,omitzero"` // from format 5 on
}

// stateFormat is the version of the stored form. It grows with every change of what a state or its
// indexes have, so that no program starts from a state that another version made: it can always
// apply the log again instead.
//
// Format 5 adds the id of the instance key. A state without one is stored in the format before, as
// the program before stores it: while nodes are upgraded one by one, both use it.
const (
	stateFormat   = 5
	keylessFormat = 4
)

// formatOf returns the format in which a state is stored.
func formatOf(s State) int {
	if s.keyID == "" {
		return keylessFormat
	}
	return stateFormat
}

// ErrStateFormat says that a stored state was written by another version of the program.
var ErrStateFormat = errors.New("floor: a state of another version")

// storedNotice is a notice, the people who have not acknowledged it, and its delivery.
type storedNotice struct {
	Notice
	Seen     int            `json:"seenCount"`
	Pending  []ActorID      `json:"pending,omitempty"`
	Issued   uint64         `json:"issued,omitzero"`
	Waiting  []ActorID      `json:"waiting,omitempty"`
	InPerson []toldInPerson `json:"inPerson,omitempty"`
}

type storedHistoryEntry struct {
	Key      CommandKey   `json:"key"`
	Kind     CommandKind  `json:"kind"`
	Seq      uint64       `json:"seq"`
	By       ActorID      `json:"by"`
	At       Instant      `json:"at"`
	Of       []string     `json:"of,omitempty"`
	Was      []uint64     `json:"was,omitempty"`
	Changes  []changeJSON `json:"changes,omitempty"`
	UndoneBy ActorID      `json:"undoneBy,omitzero"`
	Shown    bool         `json:"shown,omitzero"`
}

// Digest returns the SHA-256 of what Encode returns, in hex. Two states with the same digest are equal.
func (s State) Digest() (string, error) {
	data, err := s.Encode()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// Encode returns the state as canonical JSON: equal states give equal bytes.
func (s State) Encode() ([]byte, error) {
	out := storedState{
		Format: formatOf(s), Seq: s.seq, Version: s.version, Event: s.event, Clock: s.clock, PublicURL: s.publicURL, KeyID: s.keyID,
		Zones: s.zones.List(), Tables: s.tables.List(),
		Rounds: s.rounds.List(), Items: s.items.List(),
		Companies: s.companies.List(), Attendees: s.attendees.List(),
		Staff: s.staff.List(), Interpreters: s.interpreters.List(),
		Displays: s.displays.List(), Meetings: s.meetings.List(),
		Wishes: s.wishes.List(), Requests: s.requests.List(),
		Announcements: s.announcements.List(), Links: s.links.List(), Retired: s.retired.List(),
		Lost: s.lost.List(), Exports: s.exports, Organisers: s.organisers.List(), Events: s.events.List(),
		Revs: map[string]revision{},
	}
	for ref, r := range s.revisions.byText.Each() {
		out.Revs[ref] = r
	}
	for n := range s.notices.Values() {
		out.Notices = append(out.Notices, storeNotice(s, n))
	}
	if err := s.storeHistory(&out); err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

func storeNotice(s State, n noticeStatus) storedNotice {
	out := storedNotice{Notice: n.Notice, Seen: n.Seen, Issued: n.Issued, Waiting: n.Undelivered, InPerson: n.InPerson}
	for _, w := range n.For {
		if slices.Contains(s.pending.At(w), n.ID) {
			out.Pending = append(out.Pending, w)
		}
	}
	return out
}

func (s State) storeHistory(out *storedState) error {
	keys := s.otherWindow.keys.List()
	var texts []string // of all refs: one list for all entries
	for _, key := range append(keys, s.staffWindow.keys.List()...) {
		e := s.history.At(key)
		v := storedHistoryEntry{
			Key: e.Key, Kind: e.Kind, Seq: e.Seq, By: e.By, At: e.At, Was: e.AsOf, UndoneBy: e.UndoneBy,
			Shown: slices.Contains(s.shown, e.Seq),
		}
		begin := len(texts)
		for _, ref := range e.Changed {
			texts = append(texts, ref.String())
		}
		v.Of = texts[begin:len(texts):len(texts)]
		for _, c := range e.Changes {
			body, err := json.Marshal(c)
			if err != nil {
				return fmt.Errorf("floor: encode %T: %w", c, err)
			}
			v.Changes = append(v.Changes, changeJSON{changeKind(c), body})
		}
		out.Done = append(out.Done, v)
	}
	return nil
}

// DecodeState reads what Encode wrote. The error is ErrStateFormat if another version of the program
// wrote it.
func DecodeState(data []byte) (State, error) {
	var in storedState
	if err := json.Unmarshal(data, &in); err != nil {
		return State{}, fmt.Errorf("floor: decode state: %w", err)
	}
	if in.Format != keylessFormat && in.Format != stateFormat {
		return State{}, fmt.Errorf("%w: %d, not %d or %d", ErrStateFormat, in.Format, keylessFormat, stateFormat)
	}
	tx := &transaction{State: State{
		seq: in.Seq, version: in.Version, event: in.Event, clock: in.Clock, exports: in.Exports, publicURL: in.PublicURL,
		keyID: in.KeyID,
	}, edit: new(hamt.Edit)}
	tx.loadFloor(in)
	tx.loadPeople(in)
	for ref, r := range in.Revs {
		tx.revisions.byText = tx.revisions.byText.With(tx.edit, ref, r)
	}
	if err := checkHistoryOrder(in); err != nil {
		return State{}, err
	}
	for _, v := range in.Done {
		if err := tx.loadHistoryEntry(v); err != nil {
			return State{}, err
		}
	}
	tx.buildIndexes()
	for _, n := range in.Notices {
		tx.notices = tx.notices.With(tx.edit, n.ID, noticeStatus{n.Notice, n.Seen, n.Issued, n.Waiting, n.InPerson})
		tx.indexNotice(n.Notice)
		for _, w := range n.Pending {
			tx.pending = tx.pending.With(tx.edit, w, withItem(tx.pending.At(w), n.ID))
		}
	}
	return tx.State, nil
}

func (tx *transaction) loadFloor(in storedState) {
	for _, v := range in.Zones {
		tx.zones = tx.zones.With(tx.edit, v.ID, v)
	}
	for _, v := range in.Tables {
		tx.tables = tx.tables.With(tx.edit, v.ID, v)
	}
	for _, v := range in.Rounds {
		tx.rounds = tx.rounds.With(tx.edit, v.ID, v)
	}
	for _, v := range in.Items {
		tx.items = tx.items.With(tx.edit, v.ID, v)
	}
	for _, v := range in.Meetings {
		tx.meetings = tx.meetings.With(tx.edit, v.ID, v)
	}
	for _, v := range in.Requests {
		tx.requests = tx.requests.With(tx.edit, v.ID, v)
	}
	for _, v := range in.Announcements {
		tx.announcements = tx.announcements.With(tx.edit, v.ID, v)
	}
	for _, v := range in.Wishes {
		tx.wishes = tx.wishes.With(tx.edit, string(v.From)+":"+string(v.To), v)
	}
}

func (tx *transaction) loadPeople(in storedState) {
	for _, v := range in.Companies {
		tx.companies = tx.companies.With(tx.edit, v.ID, v)
	}
	for _, v := range in.Attendees {
		tx.attendees = tx.attendees.With(tx.edit, v.ID, v)
	}
	for _, v := range in.Staff {
		tx.staff = tx.staff.With(tx.edit, v.ID, v)
	}
	for _, v := range in.Interpreters {
		tx.interpreters = tx.interpreters.With(tx.edit, v.ID, v)
	}
	for _, v := range in.Displays {
		tx.displays = tx.displays.With(tx.edit, v.ID, v)
	}
	for _, v := range in.Links {
		tx.links = tx.links.With(tx.edit, v.ID, v)
	}
	for _, v := range in.Retired {
		tx.retired = tx.retired.With(tx.edit, v.ID, v)
	}
	for _, v := range in.Lost {
		tx.lost = tx.lost.With(tx.edit, v.ID, v)
	}
	for _, v := range in.Organisers {
		tx.organisers = tx.organisers.With(tx.edit, v.ID, v)
	}
	for _, v := range in.Events {
		tx.events = tx.events.With(tx.edit, v.ID, v)
	}
}

// checkHistoryOrder refuses a stored state in which the commands of one window are not in ascending
// order: forgetOldest counts upwards from the first, and would not end.
func checkHistoryOrder(in storedState) error {
	last := map[bool]uint64{}
	for _, v := range in.Done {
		staff := historyEntry{By: v.By}.isStaff()
		if v.Seq <= last[staff] || v.Seq > in.Seq {
			return fmt.Errorf("floor: a stored state at %d has the command %d after %d", in.Seq, v.Seq, last[staff])
		}
		last[staff] = v.Seq
	}
	return nil
}

func (tx *transaction) loadHistoryEntry(v storedHistoryEntry) error {
	r, err := decodeChanges(v.Changes)
	if err != nil {
		return err
	}
	e := historyEntry{Key: v.Key, Kind: v.Kind, Seq: v.Seq, By: v.By, At: v.At, AsOf: v.Was, Changes: r, UndoneBy: v.UndoneBy}
	e.Changed = make([]Ref, len(v.Of))
	for i, text := range v.Of {
		e.Changed[i] = ParseRef(text)
	}
	tx.remember(e)
	if v.Shown {
		tx.shown = append(tx.shown, e.Seq)
	}
	return nil
}
