package e2e_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
	"github.com/matchfloor/matchfloor/wire"
)

// What several moderators on several nodes are told about the same meetings, all
// at once and while nodes are killed and answers of Redis cut off, is what one
// meeting changed by one after the other could have told them.
func TestCommands_AreLinearizable(t *testing.T) { checkLinearizable(t, 6, 6*time.Second) }

// TestTortureCommands_AreLinearizable is the whole of it.
func TestTortureCommands_AreLinearizable(t *testing.T) {
	torture(t)
	checkLinearizable(t, 12, 4*time.Minute)
}

// opInput is one command: about a meeting, to go to a table or to be locked or
// freed; or about a request, to be claimed or given back.
type opInput struct {
	subject string        // the meeting or request
	home    floor.TableID // where a meeting was to begin with
	table   floor.TableID // "": lock or free
	lock    bool
	base    uint64
	claim   floor.InterpreterID // for whom
	release bool                // the request is given back
}

// opOutput is its answer.
type opOutput struct {
	seq  uint64 // accepted as this record; of a stale one: what it was changed by
	code string // refused
	by   string // of a claimed one: who has it
}

// modelState is a meeting or a request as the model has it.
type modelState struct {
	table    floor.TableID
	locked   bool
	claimant floor.InterpreterID
	rev      uint64
}

// floorModel is what floor promises of one meeting and its revisions, and of one
// request for an interpreter.
var floorModel = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		parts := map[string][]porcupine.Operation{}
		for _, o := range history {
			of := o.Input.(opInput).subject
			parts[of] = append(parts[of], o)
		}
		var all [][]porcupine.Operation
		for _, p := range parts {
			all = append(all, p)
		}
		return all
	},
	Init: func() any { return modelState{} },
	Step: func(state, input, output any) (bool, any) {
		now, in, out := state.(modelState), input.(opInput), output.(opOutput)
		if in.claim != "" || in.release {
			return stepClaim(now, in, out)
		}
		now.table = cmp.Or(now.table, in.home)
		next := now
		next.rev = out.seq
		if in.table != "" {
			next.table = in.table
		} else {
			next.locked = in.lock
		}
		switch stale := now.rev > in.base; out.code {
		case "":
			moves := in.table == "" || !now.locked && in.table != now.table
			changes := in.table != "" || in.lock != now.locked
			return !stale && moves && changes && out.seq > now.rev, next
		case string(floor.CodeStale):
			return stale && out.seq == now.rev, now
		case string(floor.CodeLocked):
			return !stale && in.table != "" && now.locked, now
		case string(floor.CodeNothingChanges):
			same := in.table == "" && in.lock == now.locked || in.table != "" && !now.locked && in.table == now.table
			return !stale && same, now
		}
		return false, now
	},
}

// stepClaim is a step of a request: one interpreter has it at a time.
func stepClaim(now modelState, in opInput, out opOutput) (bool, any) {
	next := now
	next.rev, next.claimant = out.seq, in.claim
	switch out.code {
	case "":
		return (now.claimant == "") == (in.claim != "") && out.seq > now.rev, next
	case string(floor.CodeClaimed):
		return in.claim != "" && now.claimant != "" && out.by == "interpreter:"+string(now.claimant), now
	case string(floor.CodeAlready):
		return in.release && now.claimant == "", now
	}
	return false, now
}

// register is a meeting that everybody changes, and the tables it may have.
type register struct {
	id     floor.MeetingID
	tables []floor.TableID
}

// registers answers a meeting of each round, with tables of zone B, where all
// three moderators may move it and no other meeting is.
func registers(t *testing.T) (all []register) {
	t.Helper()
	forum, err := demo.Forum()
	if err != nil {
		t.Fatal(err)
	}
	for _, round := range forum.Rounds {
		taken := map[floor.TableID]bool{}
		var it *floor.Meeting
		for i, m := range forum.Meetings {
			if m.Place.Round != round.ID {
				continue
			}
			taken[m.Place.Table] = true
			if it == nil && tableOf(t, m.Place.Table).Zone == "B" {
				it = &forum.Meetings[i]
			}
		}
		if it == nil {
			continue
		}
		r := register{it.ID, []floor.TableID{it.Place.Table}}
		for _, table := range forum.Tables {
			if table.Zone == "B" && !taken[table.ID] && table.Capacity >= len(it.Host.People)+len(it.Guest.People) {
				r.tables = append(r.tables, table.ID)
			}
		}
		if len(r.tables) > 1 {
			all = append(all, r)
		}
	}
	return all
}

// player is one moderator's device that takes part in the histories.
type player struct {
	*person
	rng        *rand.Rand
	began      time.Time
	operations []operation
}

// requestContest is a request for an interpreter, and who might take it.
type requestContest struct {
	request floor.RequestID
	takers  []floor.InterpreterID
}

// startContest calls for an interpreter to a meeting in whose round several are free.
func (v *venue) startContest() requestContest {
	v.t.Helper()
	forum, err := demo.Forum()
	if err != nil {
		v.t.Fatal(err)
	}
	v.clock("14:00")
	lead := v.people["moderator:s1"]
	for _, m := range forum.Meetings {
		var c requestContest
		for _, i := range forum.Interpreters {
			busy := slices.ContainsFunc(forum.Meetings, func(o floor.Meeting) bool {
				return o.ID != m.ID && o.Interpreter == i.ID && o.Place.Round == m.Place.Round
			})
			onShift := slices.ContainsFunc(i.Shifts, func(s floor.Span) bool { return s.Contains(instant(v.t, "14:00")) })
			if !busy && onShift && m.Pair != "" && tableOf(v.t, m.Place.Table).Zone == "B" && slices.Contains(i.Pairs, m.Pair) {
				c.takers = append(c.takers, i.ID)
			}
		}
		if len(c.takers) < 3 {
			continue
		}
		for _, i := range c.takers {
			lead.mustSubmit(floor.SetDuty{Interpreter: i, Duty: floor.OnDuty})
		}
		lead.mustSubmit(floor.RequestInterpreter{Meeting: m.ID})
		v.logState()
		for _, change := range v.records[len(v.records)-1].Changes {
			if r, ok := change.(floor.InterpreterRequested); ok {
				c.request = r.Request.ID
			}
		}
		return c
	}
	v.t.Fatal("no round has three free interpreters")
	return requestContest{}
}

// operation is a command with when it was given and answered.
type operation struct {
	key          floor.CommandKey
	in           opInput
	out          opOutput
	call, answer time.Duration
	unknown      bool // given up before there was an answer
}

func checkLinearizable(t *testing.T, hands int, lasts time.Duration) {
	seed := testSeed(t)
	v, ways := proxiedVenue(t, 3)
	v.importSample()
	v.signInAt(v.nodes[0].url(), "moderator:s1")
	v.people["moderator:s1"].mustSubmit(floor.ReleaseSchedule{})
	by := newClientBalancer(v.addrs()...)
	regs, request := registers(t), v.startContest()
	opened := v.logState().Seq()
	var all []*player
	began := time.Now()
	for i := range hands {
		name := fmt.Sprintf("moderator:s%d", 1+i%3)
		h := &player{rng: newRand(seed, uint64(i)), began: began}
		h.person = &person{v: v, name: name, base: v.nodes[0].url(), balancer: by, observer: func(client.ViewChange) {}}
		v.people[fmt.Sprintf("%s %d", name, i)] = h.person
		h.dial(nil)
		all = append(all, h)
	}
	if t.Failed() {
		t.FailNow()
	}
	ctx, cancel := context.WithTimeout(t.Context(), lasts)
	defer cancel()
	var giving sync.WaitGroup
	for _, h := range all {
		giving.Go(func() { h.play(ctx, regs, request, opened) })
	}
	v.injectFaults(ctx, newRand(seed, 100), ways)
	giving.Wait()
	v.checkConverged()
	v.checkHistory(all)
}

// injectFaults kills nodes and harms ways to Redis until ctx ends.
func (v *venue) injectFaults(ctx context.Context, rng *rand.Rand, ways []*redistest.Proxy) {
	for sleep(ctx, randomBelow(rng, time.Second)) {
		if rng.IntN(4) == 0 {
			v.killSome(rng)
			continue
		}
		faults[rng.IntN(len(faults))](rng).apply(ctx, ways[rng.IntN(len(ways))], randomBelow(rng, time.Second))
	}
}

// play gives commands until ctx ends, each about any of the meetings or the
// request. No base is before opened.
func (h *player) play(ctx context.Context, regs []register, request requestContest, opened uint64) {
	for sleep(ctx, randomBelow(h.rng, 100*time.Millisecond)) {
		d := operation{in: opInput{base: math.MaxUint64}}
		c := wire.Command{ID: client.NewID()}
		if n := h.rng.IntN(len(regs) + 2); n < len(regs) {
			c.Body = h.meetingCommand(regs[n], &d.in)
		} else {
			c.Body = h.requestCommand(request, &d.in)
		}
		if h.rng.IntN(10) > 0 && d.in.claim == "" && !d.in.release {
			base := max(h.At().Seq-uint64(h.rng.IntN(3)), opened)
			c.Base, d.in.base = &base, base
		}
		d.key = floor.CommandKey(string(h.You().Link) + "/" + c.ID)
		h.submitTimed(c, &d)
		h.operations = append(h.operations, d)
	}
}

// meetingCommand draws a command about a meeting.
func (h *player) meetingCommand(r register, in *opInput) floor.Command {
	in.subject, in.home = string(r.id), r.tables[0]
	if n := h.rng.IntN(10); n < 3 {
		in.lock = n == 0
		return floor.LockMeeting{Meeting: r.id, Locked: in.lock}
	}
	in.table = r.tables[h.rng.IntN(len(r.tables))]
	return floor.MoveMeeting{Meeting: r.id, Table: in.table}
}

// requestCommand draws a command about a request.
func (h *player) requestCommand(c requestContest, in *opInput) floor.Command {
	in.subject = string(c.request)
	if h.rng.IntN(3) == 0 {
		in.release = true
		return floor.ReleaseRequest{Request: c.request}
	}
	in.claim = c.takers[h.rng.IntN(len(c.takers))]
	return floor.ClaimRequest{Request: c.request, Interpreter: in.claim}
}

// submitTimed gives a command; one of ten is given up after a moment.
func (h *player) submitTimed(c wire.Command, d *operation) {
	patience := time.Minute
	if h.rng.IntN(10) == 0 {
		patience = randomBelow(h.rng, 20*time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(h.v.t.Context(), patience)
	defer cancel()
	d.call = time.Since(h.began)
	accepted, err := h.Do(ctx, c)
	d.answer = time.Since(h.began)
	var no *wire.Rejected
	switch {
	case err == nil:
		d.out.seq = accepted.Seq
	case errors.As(err, &no):
		d.out.code, d.out.by = no.Code, no.Params["by"]
		d.out.seq, _ = strconv.ParseUint(no.Params["seq"], 10, 64) // only a stale one has it
	default:
		d.unknown = true
	}
}

// checkHistory holds that some order of the commands explains their answers. One
// without an answer took effect at some time after it was given, if it is in the
// log, and never otherwise.
func (v *venue) checkHistory(hands []*player) {
	v.t.Helper()
	v.logState()
	at := map[floor.CommandKey]uint64{}
	for i, r := range v.records {
		at[r.Key] = uint64(i + 1)
	}
	var history []porcupine.Operation
	counts := map[string]int{}
	for i, h := range hands {
		for _, d := range h.operations {
			seq, there := at[d.key]
			switch {
			case d.unknown && !there:
				counts["without an answer, never applied"]++
				continue
			case d.unknown:
				counts["without an answer, applied"]++
				d.out, d.answer = opOutput{seq: seq}, math.MaxInt64
			case there != (d.out.code == "") || there && seq != d.out.seq:
				v.t.Errorf("%s was told %+v; in the log: %v at %d", d.key, d.out, there, seq)
			default:
				counts[cmp.Or(d.out.code, "accepted")]++
			}
			history = append(history, porcupine.Operation{
				ClientId: i, Input: d.in, Output: d.out, Call: int64(d.call), Return: int64(d.answer),
			})
		}
	}
	began := time.Now()
	verdict := porcupine.CheckOperationsTimeout(floorModel, history, 2*time.Minute)
	v.t.Logf("%d commands, %v, while nodes were killed %d times: the checker says %s after %v",
		len(history), counts, v.killed, verdict, time.Since(began).Round(time.Millisecond))
	if verdict != porcupine.Ok { // a time-out is no pass
		v.t.Errorf("the history is %s", verdict)
	}
	if counts["accepted"] == 0 || counts[string(floor.CodeStale)] == 0 {
		v.t.Error("nothing was accepted, or nothing was stale: nothing was tested")
	}
}

// TestFloorModel_RejectsImpossibleHistories holds that the checker finds what it is for.
func TestFloorModel_RejectsImpossibleHistories(t *testing.T) {
	type step struct {
		call, answer int64
		in           opInput
		out          opOutput
	}
	move := func(to floor.TableID, base uint64) opInput {
		return opInput{subject: "m", home: "T1", table: to, base: base}
	}
	lock := opInput{subject: "m", home: "T1", lock: true, base: 9}
	stale := func(seq uint64) opOutput { return opOutput{seq: seq, code: string(floor.CodeStale)} }
	claim := func(i floor.InterpreterID) opInput { return opInput{subject: "r", claim: i} }
	taken := func(by string) opOutput { return opOutput{code: string(floor.CodeClaimed), by: "interpreter:" + by} }
	for name, h := range map[string]struct {
		steps []step
		want  porcupine.CheckResult
	}{
		"two at once, one stale":          {[]step{{0, 9, move("T2", 2), opOutput{seq: 3}}, {1, 8, move("T3", 2), stale(3)}}, porcupine.Ok},
		"an update lost":                  {[]step{{0, 9, move("T2", 2), opOutput{seq: 3}}, {1, 8, move("T3", 2), opOutput{seq: 4}}}, porcupine.Illegal},
		"stale before the change":         {[]step{{0, 1, move("T3", 2), stale(3)}, {2, 3, move("T2", 2), opOutput{seq: 3}}}, porcupine.Illegal},
		"stale by another change":         {[]step{{0, 1, move("T2", 2), opOutput{seq: 3}}, {2, 3, move("T3", 2), stale(4)}}, porcupine.Illegal},
		"later under an earlier number":   {[]step{{0, 1, move("T2", 2), opOutput{seq: 4}}, {2, 3, move("T3", 9), opOutput{seq: 3}}}, porcupine.Illegal},
		"applied twice":                   {[]step{{0, 1, move("T2", 9), opOutput{seq: 3}}, {2, 3, move("T2", 9), opOutput{seq: 4}}}, porcupine.Illegal},
		"moved while locked":              {[]step{{0, 1, lock, opOutput{seq: 3}}, {2, 3, move("T2", 9), opOutput{seq: 4}}}, porcupine.Illegal},
		"locked, though nobody locked it": {[]step{{0, 1, move("T2", 9), opOutput{code: string(floor.CodeLocked)}}}, porcupine.Illegal},
		"claimed by one of two":           {[]step{{0, 9, claim("i1"), opOutput{seq: 3}}, {1, 8, claim("i2"), taken("i1")}}, porcupine.Ok},
		"claimed by two":                  {[]step{{0, 9, claim("i1"), opOutput{seq: 3}}, {1, 8, claim("i2"), opOutput{seq: 4}}}, porcupine.Illegal},
		"refused for one who had it not":  {[]step{{0, 1, claim("i1"), opOutput{seq: 3}}, {2, 3, claim("i2"), taken("i3")}}, porcupine.Illegal},
		"a code that is none":             {[]step{{0, 1, lock, opOutput{code: string(floor.CodeTableTaken)}}}, porcupine.Illegal},
	} {
		var history []porcupine.Operation
		for i, s := range h.steps {
			history = append(history, porcupine.Operation{ClientId: i, Input: s.in, Output: s.out, Call: s.call, Return: s.answer})
		}
		if got := porcupine.CheckOperationsTimeout(floorModel, history, time.Minute); got != h.want {
			t.Errorf("%s: %s, want %s", name, got, h.want)
		}
	}
}
