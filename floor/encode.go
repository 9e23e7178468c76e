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

// stored is a state as bytes hold it: every list sorted by key, nothing derived.
type stored struct {
	Format        int                 `json:"format"`
	Seq           uint64              `json:"seq"`
	Version       int                 `json:"version,omitzero"`
	Event         Event               `json:"event"`
	Clock         EventClock          `json:"clock"`
	Zones         []Zone              `json:"zones,omitempty"`
	Tables        []Table             `json:"tables,omitempty"`
	Rounds        []Round             `json:"rounds,omitempty"`
	Items         []Item              `json:"items,omitempty"`
	Companies     []Company           `json:"companies,omitempty"`
	Attendees     []Attendee          `json:"attendees,omitempty"`
	Staff         []Staff             `json:"staff,omitempty"`
	Interpreters  []Interpreter       `json:"interpreters,omitempty"`
	Displays      []Display           `json:"displays,omitempty"`
	Meetings      []Meeting           `json:"meetings,omitempty"`
	Wishes        []Wish              `json:"wishes,omitempty"`
	Requests      []Request           `json:"requests,omitempty"`
	Announcements []Announcement      `json:"announcements,omitempty"`
	Notices       []storedNotice      `json:"notices,omitempty"`
	Links         []Link              `json:"links,omitempty"`
	Retired       []Link              `json:"retired,omitempty"`
	Revs          map[string]revision `json:"revs,omitempty"`
	Done          []storedDoing       `json:"done,omitempty"`
	Lost          []LostReported      `json:"lost,omitempty"`
	Exports       []Export            `json:"exports,omitempty"`
	Organisers    []Organiser         `json:"organisers,omitempty"`
	Events        []EventEntry        `json:"events,omitempty"`
	PublicURL     string              `json:"publicURL,omitzero"`
}

// stateFormat is the version of these bytes. It grows with every change of what a
// state holds or derives, so that no program starts from a state that another
// version folded: the log is always there to fold anew.
const stateFormat = 4

// ErrStateFormat says that a stored state is of another version of the program.
var ErrStateFormat = errors.New("floor: a state of another version")

// storedNotice is a notice with those of its people who have not seen it, and how
// far it has come.
type storedNotice struct {
	Notice
	Seen     int       `json:"seenCount"`
	Pending  []ActorID `json:"pending,omitempty"`
	Issued   uint64    `json:"issued,omitzero"`
	Waiting  []ActorID `json:"waiting,omitempty"`
	InPerson []telling `json:"inPerson,omitempty"`
}

type storedDoing struct {
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

// Digest answers the SHA-256, in hex, of what Encode answers: two states with the
// same digest are the same state.
func (s State) Digest() (string, error) {
	data, err := s.Encode()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// Encode answers the state as canonical JSON: the same state gives the same bytes.
func (s State) Encode() ([]byte, error) {
	out := stored{
		Format: stateFormat, Seq: s.seq, Version: s.version, Event: s.event, Clock: s.clock, PublicURL: s.publicURL,
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
	for ref, r := range s.revs.byText.Each() {
		out.Revs[ref] = r
	}
	for n := range s.notices.Values() {
		out.Notices = append(out.Notices, s.storeNotice(n))
	}
	if err := s.storeDone(&out); err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

func (s State) storeNotice(n told) storedNotice {
	out := storedNotice{Notice: n.Notice, Seen: n.Seen, Issued: n.Issued, Waiting: n.Waiting, InPerson: n.InPerson}
	for _, w := range n.For {
		if slices.Contains(s.pending.At(w), n.ID) {
			out.Pending = append(out.Pending, w)
		}
	}
	return out
}

func (s State) storeDone(out *stored) error {
	keys := s.doneAt.keys.List()
	for _, key := range append(keys, s.staffAt.keys.List()...) {
		e := s.done.At(key)
		v := storedDoing{
			Key: e.Key, Kind: e.Kind, Seq: e.Seq, By: e.By, At: e.At, Was: e.Was, UndoneBy: e.UndoneBy,
			Shown: slices.Contains(s.recent, e.Seq),
		}
		v.Of = make([]string, len(e.Of))
		for i, ref := range e.Of {
			v.Of[i] = ref.String()
		}
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

// DecodeState reads what Encode wrote. A state of another version of the program is
// an ErrStateFormat.
func DecodeState(data []byte) (State, error) {
	var in stored
	if err := json.Unmarshal(data, &in); err != nil {
		return State{}, fmt.Errorf("floor: decode state: %w", err)
	}
	if in.Format != stateFormat {
		return State{}, fmt.Errorf("%w: %d, not %d", ErrStateFormat, in.Format, stateFormat)
	}
	d := &draft{State: State{
		seq: in.Seq, version: in.Version, event: in.Event, clock: in.Clock, exports: in.Exports, publicURL: in.PublicURL,
	}, edit: new(hamt.Edit)}
	d.loadRoom(in)
	d.loadPeople(in)
	for ref, r := range in.Revs {
		d.revs.byText = d.revs.byText.With(d.edit, ref, r)
	}
	if err := checkDone(in); err != nil {
		return State{}, err
	}
	for _, v := range in.Done {
		if err := d.loadDoing(v); err != nil {
			return State{}, err
		}
	}
	d.derive()
	for _, n := range in.Notices {
		d.notices = d.notices.With(d.edit, n.ID, told{n.Notice, n.Seen, n.Issued, n.Waiting, n.InPerson})
		d.nowAbout(n.Notice)
		for _, w := range n.Pending {
			d.pending = d.pending.With(d.edit, w, withItem(d.pending.At(w), n.ID))
		}
	}
	return d.State, nil
}

func (d *draft) loadRoom(in stored) {
	for _, v := range in.Zones {
		d.zones = d.zones.With(d.edit, v.ID, v)
	}
	for _, v := range in.Tables {
		d.tables = d.tables.With(d.edit, v.ID, v)
	}
	for _, v := range in.Rounds {
		d.rounds = d.rounds.With(d.edit, v.ID, v)
	}
	for _, v := range in.Items {
		d.items = d.items.With(d.edit, v.ID, v)
	}
	for _, v := range in.Meetings {
		d.meetings = d.meetings.With(d.edit, v.ID, v)
	}
	for _, v := range in.Requests {
		d.requests = d.requests.With(d.edit, v.ID, v)
	}
	for _, v := range in.Announcements {
		d.announcements = d.announcements.With(d.edit, v.ID, v)
	}
	for _, v := range in.Wishes {
		d.wishes = d.wishes.With(d.edit, string(v.From)+":"+string(v.To), v)
	}
}

func (d *draft) loadPeople(in stored) {
	for _, v := range in.Companies {
		d.companies = d.companies.With(d.edit, v.ID, v)
	}
	for _, v := range in.Attendees {
		d.attendees = d.attendees.With(d.edit, v.ID, v)
	}
	for _, v := range in.Staff {
		d.staff = d.staff.With(d.edit, v.ID, v)
	}
	for _, v := range in.Interpreters {
		d.interpreters = d.interpreters.With(d.edit, v.ID, v)
	}
	for _, v := range in.Displays {
		d.displays = d.displays.With(d.edit, v.ID, v)
	}
	for _, v := range in.Links {
		d.links = d.links.With(d.edit, v.ID, v)
	}
	for _, v := range in.Retired {
		d.retired = d.retired.With(d.edit, v.ID, v)
	}
	for _, v := range in.Lost {
		d.lost = d.lost.With(d.edit, v.ID, v)
	}
	for _, v := range in.Organisers {
		d.organisers = d.organisers.With(d.edit, v.ID, v)
	}
	for _, v := range in.Events {
		d.events = d.events.With(d.edit, v.ID, v)
	}
}

// checkDone refuses commands of one window that do not follow one another: forgetting
// the oldest goes by their order, and would not end.
func checkDone(in stored) error {
	last := map[bool]uint64{}
	for _, v := range in.Done {
		staff := doing{By: v.By}.byStaff()
		if v.Seq <= last[staff] || v.Seq > in.Seq {
			return fmt.Errorf("floor: a stored state at %d has the command %d after %d", in.Seq, v.Seq, last[staff])
		}
		last[staff] = v.Seq
	}
	return nil
}

func (d *draft) loadDoing(v storedDoing) error {
	r, err := decodeChanges(v.Changes)
	if err != nil {
		return err
	}
	e := doing{Key: v.Key, Kind: v.Kind, Seq: v.Seq, By: v.By, At: v.At, Was: v.Was, Changes: r, UndoneBy: v.UndoneBy}
	e.Of = make([]Ref, len(v.Of))
	for i, text := range v.Of {
		e.Of[i] = ParseRef(text)
	}
	d.remember(e)
	if v.Shown {
		d.recent = append(d.recent, e.Seq)
	}
	return nil
}
