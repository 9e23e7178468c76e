package redisjournal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/faultyjournal"
	"github.com/matchfloor/matchfloor/journal/journaltest"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

// TestMain fails if a goroutine is left. The exception is toxiproxy's own: if writing to one end of
// a connection fails, its last chunk is sent to a channel that nothing reads any more, and the
// goroutine that sends it stays (toxiproxy 2.12.0, ToxicLink.write).
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"))
}

const theLog journal.LogID = "spring-forum"

func openTest(t testing.TB, url string, options Options) *Journal {
	t.Helper()
	j, err := Open(url, options)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return j
}

// flipper returns a function that damages stored records. The entries of a stream cannot be
// changed, so it writes the whole stream again.
func flipper(t *testing.T, j *Journal) func(journal.LogID, uint64, journaltest.Field) {
	names := map[journaltest.Field]string{journaltest.Key: "k", journaltest.Digest: "d", journaltest.Hash: "h", journaltest.Body: "b"}
	return func(log journal.LogID, seq uint64, field journaltest.Field) {
		t.Helper()
		ctx, key := t.Context(), j.key(log, "log")
		entries, err := j.client.XRange(ctx, key, "-", "+").Result()
		if err != nil {
			t.Fatal(err)
		}
		value := []byte(entries[seq-1].Values[names[field]].(string))
		value[len(value)/2] ^= 1
		entries[seq-1].Values[names[field]] = string(value)
		_, err = j.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.Del(ctx, key)
			for _, e := range entries {
				v := e.Values
				p.XAdd(ctx, &redis.XAddArgs{Stream: key, ID: e.ID, Values: []any{"k", v["k"], "d", v["d"], "h", v["h"], "b", v["b"]}})
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// prefixes returns a function that gives each case of a suite keys of its own on one server.
func prefixes() func() Options {
	n := 0
	return func() Options {
		n++
		return Options{Prefix: fmt.Sprintf("case-%d:", n)}
	}
}

func TestJournal_KeepsTheContract(t *testing.T) {
	server, next := redistest.Start(t), prefixes()
	journaltest.Run(t, func(t *testing.T) journaltest.Env {
		options := next()
		j := openTest(t, server.URL, options)
		return journaltest.Env{Journal: j, Snapshots: j, Other: openTest(t, server.URL, options), Flip: flipper(t, j)}
	})
}

func TestJournal_KeepsTheContractWithFaults(t *testing.T) {
	server, next := redistest.Start(t), prefixes()
	odds := faultyjournal.Odds{Persisted: 0.15, Lost: 0.15, CheckHeadFails: 0.2, ReadFails: 0.1, HintLost: 0.3, HintDoubled: 0.2, HintLate: 0.2, HintSwapped: 0.2}
	journaltest.Run(t, func(t *testing.T) journaltest.Env {
		options := next()
		j, other := openTest(t, server.URL, options), openTest(t, server.URL, options)
		return journaltest.Env{Journal: faultyjournal.Wrap(j, 1, odds), Snapshots: j, Other: faultyjournal.Wrap(other, 2, odds), Faulty: true}
	})
}

// Every write waits for a replica, on the connection of the write.
func TestJournal_KeepsTheContractWithAReplica(t *testing.T) {
	master, next := redistest.Start(t), prefixes()
	redistest.Start(t, "--replicaof", strings.Replace(master.Addr, ":", " ", 1))
	journaltest.Run(t, func(t *testing.T) journaltest.Env {
		options := next()
		options.WaitReplicas, options.WaitTimeout = 1, 10*time.Second
		j := openTest(t, master.URL, options)
		return journaltest.Env{Journal: j, Snapshots: j, Other: openTest(t, master.URL, options)}
	})
}

// oneRecord returns a chained batch of one record, and the position after it.
func oneRecord(at journal.Position, key string) ([]journal.Record, journal.Position) {
	batch := []journal.Record{{Key: journal.CommandKey(key), Body: []byte("body of " + key)}}
	return batch, journal.Chain(at, batch)
}

func mustAppend(t testing.TB, j journal.Journal, at journal.Position, key string) journal.Position {
	t.Helper()
	batch, end := oneRecord(at, key)
	result, err := j.Append(t.Context(), theLog, at, batch, time.Time{})
	if err != nil || result.Outcome != journal.Appended {
		t.Fatalf("Append: %+v, %v", result, err)
	}
	return end
}

// A replica that stops answering makes the outcome of writes unknown; it does not refuse them.
func TestWaitReplicas_ShortfallIsUnknown(t *testing.T) {
	master := redistest.Start(t)
	replica := redistest.Start(t, "--replicaof", strings.Replace(master.Addr, ":", " ", 1))
	genesis := journal.Genesis(theLog, 1)
	at := mustAppend(t, openTest(t, master.URL, Options{WaitReplicas: 1, WaitTimeout: 10 * time.Second}), genesis, "first")
	j := openTest(t, master.URL, Options{WaitReplicas: 1, WaitTimeout: 100 * time.Millisecond})
	if err := syscall.Kill(replica.Pid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	batch, end := oneRecord(at, "second")
	if r, err := j.Append(t.Context(), theLog, at, batch, time.Time{}); !errors.Is(err, journal.ErrUnknown) {
		t.Errorf("Append without its replica: %+v, %v, want ErrUnknown", r, err)
	}
	// WAIT is only certain to count the writes of its own connection. So on another one the
	// script must make a write for a duplicate key; likewise CheckHead.
	j = openTest(t, master.URL, Options{WaitReplicas: 1, WaitTimeout: 100 * time.Millisecond})
	if r, err := j.Append(t.Context(), theLog, at, batch, time.Time{}); !errors.Is(err, journal.ErrUnknown) {
		t.Errorf("the same again: %+v, %v, want ErrUnknown while the replica lacks it", r, err)
	}
	j = openTest(t, master.URL, Options{WaitReplicas: 1, WaitTimeout: 100 * time.Millisecond})
	if _, err := j.CheckHead(t.Context(), theLog, end); err == nil {
		t.Error("CheckHead without the replica returned no error")
	}
	if touched, err := j.client.HGet(t.Context(), j.key(theLog, "meta"), "touched").Int(); err != nil || touched != 2 {
		t.Errorf("%d writes were made (%v), want 2: for the duplicate key and for CheckHead", touched, err)
	}
	if err := syscall.Kill(replica.Pid(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	j = openTest(t, master.URL, Options{WaitReplicas: 1, WaitTimeout: 10 * time.Second})
	r, err := j.Append(t.Context(), theLog, at, batch, time.Time{})
	if err != nil || r.Outcome != journal.AlreadyKnown || r.Head != end {
		t.Errorf("the same again with the replica: %+v, %v, want AlreadyKnown", r, err)
	}
	if _, err := j.CheckHead(t.Context(), theLog, end); err != nil {
		t.Errorf("CheckHead with the replica: %v", err)
	}
}

func TestErrors_SayWhetherAnythingWasWritten(t *testing.T) {
	server := redistest.Start(t)
	j := openTest(t, server.URL, Options{})
	at := mustAppend(t, j, journal.Genesis(theLog, 1), "first")
	batch, _ := oneRecord(at, "second")
	appendSecond := func() error {
		_, err := j.Append(t.Context(), theLog, at, batch, time.Time{})
		return err
	}
	config := func(name, value string) {
		t.Helper()
		if err := j.client.ConfigSet(t.Context(), name, value).Err(); err != nil {
			t.Fatal(err)
		}
	}
	config("min-replicas-to-write", "1")
	if err := appendSecond(); !errors.Is(err, journal.ErrUnavailable) {
		t.Errorf("without enough replicas: %v, want ErrUnavailable", err)
	}
	config("min-replicas-to-write", "0")
	config("maxmemory", "1")
	if err := appendSecond(); !errors.Is(err, journal.ErrUnavailable) {
		t.Errorf("out of memory: %v, want ErrUnavailable", err)
	}
	config("maxmemory", "0")
	if err := syscall.Kill(server.Pid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := j.Append(ctx, theLog, at, batch, time.Time{}); !errors.Is(err, journal.ErrUnknown) {
		t.Errorf("without an answer in time: %v, want ErrUnknown", err)
	}
	if _, err := j.Read(ctx, theLog, 0, 1); !errors.Is(err, journal.ErrUnavailable) {
		t.Errorf("Read without an answer in time: %v, want ErrUnavailable", err)
	}
	server.Kill()
	if err := openTest(t, server.URL, Options{}).appendErr(t, at, batch); !errors.Is(err, journal.ErrUnavailable) {
		t.Errorf("with no server listening: %v, want ErrUnavailable", err)
	}
	for _, url := range []string{"", "http://127.0.0.1", "redis://127.0.0.1:port"} {
		if _, err := Open(url, Options{}); err == nil {
			t.Errorf("Open(%q) returned no error", url)
		}
	}
}

func (j *Journal) appendErr(t *testing.T, at journal.Position, batch []journal.Record) error {
	_, err := j.Append(t.Context(), theLog, at, batch, time.Time{})
	return err
}

// appendUntilStored sends the same bytes until they are stored, while Redis may be unreachable.
func appendUntilStored(ctx context.Context, j journal.Journal, at journal.Position, key string) (journal.Position, error) {
	batch, end := oneRecord(at, key)
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	for {
		result, err := j.Append(ctx, theLog, at, batch, time.Time{})
		switch {
		case err == nil && result.Outcome == journal.Appended,
			err == nil && result.Outcome == journal.AlreadyKnown && result.Duplicates[0].Seq == end.Seq:
			return end, nil
		case err == nil:
			return at, fmt.Errorf("append %q at %v: %+v", key, at, result)
		case !errors.Is(err, journal.ErrUnknown) && !errors.Is(err, journal.ErrUnavailable):
			return at, err
		}
		select {
		case <-ctx.Done():
			return at, ctx.Err()
		case <-again.C:
		}
	}
}

func TestAppend_KnowsTheKeysOfTheWindow(t *testing.T) {
	j := openTest(t, redistest.Start(t).URL, Options{})
	restored := make([]journal.Record, journal.Window+2)
	for i := range restored {
		restored[i] = journal.Record{Seq: uint64(i) + 1, Key: journal.CommandKey(fmt.Sprint("key-", i+1)), Body: []byte{1}}
	}
	at, err := j.Replace(t.Context(), theLog, journal.Genesis(theLog, 1), restored)
	if err != nil {
		t.Fatal(err)
	}
	wantDuplicate := func(key string, want bool) {
		t.Helper()
		batch, _ := oneRecord(journal.Genesis(theLog, 99), key)
		result, err := j.Append(t.Context(), theLog, journal.Genesis(theLog, 99), batch, time.Time{})
		if err != nil || (result.Outcome == journal.AlreadyKnown) != want {
			t.Errorf("%s: %+v, %v, want AlreadyKnown: %v", key, result, err, want)
		}
	}
	wantDuplicate("key-2", false)
	wantDuplicate("key-3", true)
	mustAppend(t, j, at, "new")
	wantDuplicate("key-3", false)
	wantDuplicate("key-4", true)
	wantDuplicate("new", true)
	if n, err := j.client.HLen(t.Context(), j.key(theLog, "ops")).Result(); err != nil || n != journal.Window {
		t.Errorf("%d keys are kept (%v), want %d", n, err, journal.Window)
	}
	keys, err := j.client.Keys(t.Context(), "*").Result()
	if slices.Sort(keys); err != nil || len(keys) != 3 {
		t.Errorf("Redis holds %q (%v), want log, meta and ops", keys, err)
	}
	for _, key := range keys {
		if ttl, err := j.client.TTL(t.Context(), key).Result(); err != nil || ttl != -1 {
			t.Errorf("%s expires in %v (%v), want never", key, ttl, err)
		}
	}
}

func TestReplace_RemovesStagedRecordsAfterAMismatch(t *testing.T) {
	j := openTest(t, redistest.Start(t).URL, Options{})
	genesis := journal.Genesis(theLog, 1)
	mustAppend(t, j, genesis, "first")
	restored, head, err := journal.Rechain(theLog, genesis, []journal.Record{{Seq: 1, Key: "restored"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.replaceStaged(t.Context(), theLog, genesis, restored, head); !errors.Is(err, journal.ErrPositionMismatch) {
		t.Errorf("a Replace after another append: %v, want ErrPositionMismatch", err)
	}
	if staged, err := j.client.Keys(t.Context(), "*:new:*").Result(); err != nil || len(staged) > 0 {
		t.Errorf("%q were left behind (%v)", staged, err)
	}
}

// A log whose head is lost must not look empty.
func TestJournal_ReportsALostHead(t *testing.T) {
	j := openTest(t, redistest.Start(t).URL, Options{})
	mustAppend(t, j, journal.Genesis(theLog, 1), "first")
	if err := j.client.Del(t.Context(), j.key(theLog, "meta")).Err(); err != nil {
		t.Fatal(err)
	}
	batch, _ := oneRecord(journal.Genesis(theLog, 1), "second")
	if err := j.appendErr(t, journal.Genesis(theLog, 1), batch); !errors.Is(err, journal.ErrCorrupt) {
		t.Errorf("Append: %v, want ErrCorrupt", err)
	}
	if _, err := j.Read(t.Context(), theLog, 0, 1); !errors.Is(err, journal.ErrCorrupt) {
		t.Errorf("Read: %v, want ErrCorrupt", err)
	}
}

func TestRead_ReportsALostRecord(t *testing.T) {
	j := openTest(t, redistest.Start(t).URL, Options{})
	at := mustAppend(t, j, journal.Genesis(theLog, 1), "first")
	at = mustAppend(t, j, at, "second")
	mustAppend(t, j, at, "third")
	for seq := uint64(3); seq > 0; seq-- {
		if err := j.client.XDel(t.Context(), j.key(theLog, "log"), numberArg(seq)+"-0").Err(); err != nil {
			t.Fatal(err)
		}
		var corrupt *journal.CorruptError
		if _, err := j.Read(t.Context(), theLog, 0, 10); !errors.As(err, &corrupt) || corrupt.Seq != seq {
			t.Errorf("Read without record %d: %v, want it named", seq, err)
		}
	}
}

// The digest that is stored with a key must be that of the record.
func TestAppend_ReportsADamagedDigest(t *testing.T) {
	j := openTest(t, redistest.Start(t).URL, Options{})
	at := mustAppend(t, j, journal.Genesis(theLog, 1), "first")
	if err := j.client.HSet(t.Context(), j.key(theLog, "ops"), "first", "1:"+strings.Repeat("x", 32)).Err(); err != nil {
		t.Fatal(err)
	}
	batch, _ := oneRecord(at, "first")
	if err := j.appendErr(t, at, batch); !errors.Is(err, journal.ErrCorrupt) {
		t.Errorf("a key with a damaged digest: %v, want ErrCorrupt", err)
	}
}

// Messages carry any batch, and anything else that is published is an empty hint.
func TestHintCodec_CarriesAnyBatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		batch := make([]journal.Record, rapid.IntRange(0, 5).Draw(t, "records"))
		for i := range batch {
			batch[i].Key = journal.CommandKey(rapid.SliceOfN(rapid.Byte(), 1, 9).Draw(t, "key"))
			batch[i].Body = rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "body")
		}
		journal.Chain(journal.Genesis(theLog, 1), batch)
		message := encodeHint(batch)
		got := decodeHint(string(message))
		if len(got) != len(batch) {
			t.Fatalf("%d records of %d", len(got), len(batch))
		}
		if _, err := journal.Verify(theLog, journal.Genesis(theLog, 1), got); err != nil {
			t.Fatal(err)
		}
		if cut := rapid.IntRange(0, len(message)-1).Draw(t, "cut"); decodeHint(string(message[:cut])) != nil {
			t.Fatalf("a message cut at %d was decoded", cut)
		}
		decodeHint(string(rapid.SliceOf(rapid.Byte()).Draw(t, "noise")))
	})
	large := []journal.Record{{Body: make([]byte, maxMessage)}}
	if got := decodeHint(string(encodeHint(large))); got != nil {
		t.Errorf("a large batch is a hint of %d records, want an empty one", len(got))
	}
}

// Only the sum shows a flipped bit in a stored state.
func TestSnapshot_ReportsDamage(t *testing.T) {
	j := openTest(t, redistest.Start(t).URL, Options{})
	at := mustAppend(t, j, journal.Genesis(theLog, 1), "first")
	for field, damaged := range map[string]string{"state": "the statf", "seq": "2", "epoch": "2", "hash": strings.Repeat("x", 32), "sum": strings.Repeat("x", 32)} {
		if err := j.PutSnapshot(t.Context(), theLog, at, []byte("the state")); err != nil {
			t.Fatal(err)
		}
		if _, state, ok, err := j.Snapshot(t.Context(), theLog); string(state) != "the state" || !ok || err != nil {
			t.Fatalf("Snapshot: %q, %v, %v", state, ok, err)
		}
		if err := j.client.HSet(t.Context(), j.key(theLog, "snap"), field, damaged).Err(); err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := j.Snapshot(t.Context(), theLog); !errors.Is(err, journal.ErrCorrupt) {
			t.Errorf("with another %s: %v, want ErrCorrupt", field, err)
		}
	}
}
