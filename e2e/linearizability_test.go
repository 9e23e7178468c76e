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

// Several moderators on several nodes change the same meetings at the same time, while nodes
// are killed and responses of Redis are cut. The results they get must be possible results of
// the same commands in some sequential order.
func TestCommands_AreLinearizable(t *testing.T) { checkLinearizable(t, 6, 6*time.Second) }

func TestTortureCommands_AreLinearizable(t *testing.T) {
	torture(t)
	checkLinearizable(t, 12, 4*time.Minute)
}

// opInput is one command: to move, lock or unlock a meeting, or to claim or release a request.
type opInput struct {
	subject string        // the meeting or request
	home    floor.TableID // a meeting's first table
	table   floor.TableID // to move to; "": lock or unlock
	lock    bool
	base    uint64
	claim   floor.InterpreterID // for whom
	release bool                // the request is released
}

// opOutput is the result of a command.
type opOutput struct {
	seq  uint64 // of the accepted record; if stale, of the record that changed the subject
	code string // refused
	by   string // who has claimed it
}

// modelState is the state of a meeting or a request in the model.
type modelState struct {
	table    floor.TableID
	locked   bool
	claimant floor.InterpreterID
	rev      uint64
}

// floorModel is what package floor promises about one meeting and its revisions, and about one
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

// stepClaim is a step of a request, which at most one interpreter has claimed.
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

// register is a meeting that everyone changes, with the tables it may have.
type register struct {
	id     floor.MeetingID
	tables []floor.TableID
}

// registers returns a meeting of each round with tables of zone B that no other meeting uses,
// where all three moderators may move it.
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

// player is a device of a moderator that submits commands and records the results.
type player struct {
	*person
	rng        *rand.Rand
	began      time.Time
	operations []operation
}

// requestContest is a request for an interpreter, with those who can take it.
type requestContest struct {
	request floor.RequestID
	takers  []floor.InterpreterID
}

// startContest requests an interpreter for a meeting in whose round at least three are free.
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

// operation is a command with the times of its submission and its result.
type operation struct {
	key          floor.CommandKey
	in           opInput
	out          opOutput
	call, answer time.Duration
	unknown      bool // the caller gave up before a result
}

func checkLinearizable(t *testing.T, players int, duration time.Duration) {
	seed := testSeed(t)
	v, proxies := proxiedVenue(t, 3)
	v.importAndRelease(v.nodes[0].url())
	balancer := newClientBalancer(v.addrs()...)
	regs, request := registers(t), v.startContest()
	opened := v.logState().Seq()
	var all []*player
	began := time.Now()
	for i := range players {
		name := fmt.Sprintf("moderator:s%d", 1+i%3)
		h := &player{rng: newRand(seed, uint64(i)), began: began}
		h.person = &person{v: v, name: name, base: v.nodes[0].url(), balancer: balancer, observer: func(client.ViewChange) {}}
		v.people[fmt.Sprintf("%s %d", name, i)] = h.person
		h.dial(nil)
		all = append(all, h)
	}
	if t.Failed() {
		t.FailNow()
	}
	ctx, cancel := context.WithTimeout(t.Context(), duration)
	defer cancel()
	var giving sync.WaitGroup
	for _, h := range all {
		giving.Go(func() { h.play(ctx, regs, request, opened) })
	}
	v.injectFaults(ctx, newRand(seed, 100), proxies)
	giving.Wait()
	v.checkConverged()
	v.checkHistory(all)
}

// injectFaults kills nodes and disturbs their connections to Redis until ctx ends.
func (v *venue) injectFaults(ctx context.Context, rng *rand.Rand, proxies []*redistest.Proxy) {
	for sleep(ctx, randomBelow(rng, time.Second)) {
		if rng.IntN(4) == 0 {
			v.killSome(rng)
			continue
		}
		faults[rng.IntN(len(faults))](rng).apply(ctx, proxies[rng.IntN(len(proxies))], randomBelow(rng, time.Second))
	}
}

// play submits commands about random meetings or the request until ctx ends. No base is before
// opened.
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

// meetingCommand returns a random command about a meeting.
func (h *player) meetingCommand(r register, in *opInput) floor.Command {
	in.subject, in.home = string(r.id), r.tables[0]
	if n := h.rng.IntN(10); n < 3 {
		in.lock = n == 0
		return floor.LockMeeting{Meeting: r.id, Locked: in.lock}
	}
	in.table = r.tables[h.rng.IntN(len(r.tables))]
	return floor.MoveMeeting{Meeting: r.id, Table: in.table}
}

// requestCommand returns a random command about a request.
func (h *player) requestCommand(c requestContest, in *opInput) floor.Command {
	in.subject = string(c.request)
	if h.rng.IntN(3) == 0 {
		in.release = true
		return floor.ReleaseRequest{Request: c.request}
	}
	in.claim = c.takers[h.rng.IntN(len(c.takers))]
	return floor.ClaimRequest{Request: c.request, Interpreter: in.claim}
}

// submitTimed submits a command and records its result. It gives up on one of ten commands
// after at most 20 ms.
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
		d.out.seq, _ = strconv.ParseUint(no.Params["seq"], 10, 64) // only stale refusals have it
	default:
		d.unknown = true
	}
}

// checkHistory checks that some order of the commands explains their results. A command with
// an unknown outcome took effect at some time after its submission if it is in the log;
// otherwise it never did.
func (v *venue) checkHistory(players []*player) {
	v.t.Helper()
	v.logState()
	at := map[floor.CommandKey]uint64{}
	for i, r := range v.records {
		at[r.Key] = uint64(i + 1)
	}
	var history []porcupine.Operation
	counts := map[string]int{}
	for i, h := range players {
		for _, d := range h.operations {
			seq, there := at[d.key]
			switch {
			case d.unknown && !there:
				counts["unknown outcome, not applied"]++
				continue
			case d.unknown:
				counts["unknown outcome, applied"]++
				d.out, d.answer = opOutput{seq: seq}, math.MaxInt64
			case there != (d.out.code == "") || there && seq != d.out.seq:
				v.t.Errorf("%s has the result %+v; in the log: %v at %d", d.key, d.out, there, seq)
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
	v.t.Logf("%d commands, %v, while nodes were killed %d times: the verdict is %s after %v",
		len(history), counts, v.killed, verdict, time.Since(began).Round(time.Millisecond))
	if verdict != porcupine.Ok { // a time-out does not pass either
		v.t.Errorf("the history is %s", verdict)
	}
	if counts["accepted"] == 0 || counts[string(floor.CodeStale)] == 0 {
		v.t.Error("no command was accepted, or none was stale: the test has shown nothing")
	}
}

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
