package redisjournal

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

// Redis hangs between the arrival of an append and its execution, and executes it after its
// deadline, when the caller has long given up. The append without a deadline shows that it does.
func TestAppend_HeldUpByAHungRedisIsNotStoredLate(t *testing.T) {
	for name, held := range map[string]struct {
		within time.Duration // from the call to the deadline; 0: none
		want   journal.Outcome
	}{
		"without a deadline":  {0, journal.AlreadyKnown},
		"within its deadline": {time.Hour, journal.AlreadyKnown},
		"after its deadline":  {200 * time.Millisecond, journal.Expired},
	} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t)
			j := openTest(t, server.URL, Options{})
			at := mustAppend(t, j, journal.Genesis(theLog, 1), "caches the script")
			clock, err := j.CheckHead(t.Context(), theLog, at)
			if err != nil {
				t.Fatal(err)
			}
			notAfter := clock.Add(held.within)
			if held.within == 0 {
				notAfter = time.Time{}
			}
			batch, end := oneRecord(at, "held up")
			before := scriptCalls(t, server)
			server.Pause()
			ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
			defer cancel()
			if r, err := j.Append(ctx, theLog, at, batch, notAfter); !errors.Is(err, journal.ErrUnknown) {
				t.Errorf("Append to a hung Redis: %+v, %v, want ErrUnknown", r, err)
			}
			server.Resume()
			for limit := time.Now().Add(10 * time.Second); scriptCalls(t, server) == before; {
				if time.Now().After(limit) {
					t.Fatal("Redis did not execute the append that it was sent")
				}
			}
			want := at
			if held.want == journal.AlreadyKnown {
				want = end
			}
			if page, err := j.Read(t.Context(), theLog, 0, 0); err != nil || page.Head != want {
				t.Errorf("executed late: the log is at %v (%v), want %v", page.Head, err, want)
			}
			r, err := j.Append(t.Context(), theLog, at, batch, notAfter)
			if err != nil || r.Outcome != held.want || r.Head != want {
				t.Errorf("the same again: %+v, %v, want outcome %d at %v", r, err, held.want, want)
			}
		})
	}
}

// An expired result refuses commands for good, so it must not come from a server that the true
// master could contradict.
func TestAppend_ExpiredIsAsDurableAsADuplicate(t *testing.T) {
	server := redistest.Start(t)
	at := mustAppend(t, openTest(t, server.URL, Options{}), journal.Genesis(theLog, 1), "first")
	late := time.UnixMicro(1)
	batch, _ := oneRecord(at, "late")
	j := openTest(t, server.URL, Options{WaitReplicas: 1, WaitTimeout: 50 * time.Millisecond})
	if r, err := j.Append(t.Context(), theLog, at, batch, late); !errors.Is(err, journal.ErrUnknown) {
		t.Errorf("expired without the replica: %+v, %v, want ErrUnknown", r, err)
	}
	if touched, err := j.client.HGet(t.Context(), j.key(theLog, "meta"), "touched").Int(); err != nil || touched != 1 {
		t.Errorf("%d writes were made (%v), want one that WAIT can count", touched, err)
	}
	server.Do("CONFIG", "SET", "min-replicas-to-write", "1")
	j = openTest(t, server.URL, Options{})
	if r, err := j.Append(t.Context(), theLog, at, batch, late); !errors.Is(err, journal.ErrUnavailable) {
		t.Errorf("expired at a master without its replicas: %+v, %v, want ErrUnavailable", r, err)
	}
}
