package redisjournal

import (
	"errors"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

// wantWorking calls every method of a journal and of its presence store.
func wantWorking(t *testing.T, url string, options Options) {
	t.Helper()
	j := openTest(t, url, options)
	if found, err := j.Probe(t.Context()); err != nil || len(found) > 0 {
		t.Errorf("Probe: %v, %v", found, err)
	}
	hints := watch(t, j)
	await(t, hints, "the start of the watch", empty)
	at := mustAppend(t, j, journal.Genesis(theLog, 1), "first")
	await(t, hints, "the record", holds("first"))
	if _, err := j.CheckHead(t.Context(), theLog, at); err != nil {
		t.Errorf("CheckHead: %v", err)
	}
	if err := j.PutSnapshot(t.Context(), theLog, at, []byte("state")); err != nil {
		t.Errorf("PutSnapshot: %v", err)
	}
	mustPut(t, j.PresenceStore(), theLog, "a", "here", waitTimeout)
	wantPresence(t, j.PresenceStore(), theLog, map[string]string{"a": "here"})
	page, err := j.Read(t.Context(), theLog, 0, 10)
	if err != nil || len(page.Records) != 1 {
		t.Fatalf("Read: %d records, %v", len(page.Records), err)
	}
	if _, err := j.Replace(t.Context(), theLog, at, page.Records); err != nil {
		t.Errorf("Replace: %v", err)
	}
}

func TestTLS_WorksInEveryTopology(t *testing.T) {
	t.Parallel()
	c := redistest.NewCertificates(t)
	ours := Options{CA: c.CA, Certificate: c.Certificate, Key: c.Key}
	master := redistest.StartTLS(t, c)
	wantWorking(t, master.URL, ours)
	host, port, err := net.SplitHostPort(master.Addr)
	if err != nil {
		t.Fatal(err)
	}
	sentinel := redistest.StartSentinel(t, c, "--sentinel", "monitor mymaster "+host+" "+port+" 1")
	ours.Prefix = "by-sentinel:"
	wantWorking(t, "rediss+sentinel://"+sentinel.Addr+"/mymaster?server_name=redis.test", ours)
	node := redistest.StartTLS(t, c, "--cluster-enabled", "yes", "--tls-cluster", "yes", "--cluster-announce-ip", "127.0.0.1")
	node.Do("CLUSTER", "ADDSLOTSRANGE", 0, redistest.Slots-1)
	until(t, "a cluster of one", func() bool {
		answer, err := node.Try("CLUSTER", "INFO")
		return err == nil && strings.Contains(answer.(string), "cluster_state:ok")
	})
	wantWorking(t, "rediss+cluster://"+node.Addr, ours)

	for name, wrong := range map[string]struct {
		url     string
		options Options
	}{
		"unknown authority":  {master.URL, Options{Certificate: c.Certificate, Key: c.Key}},
		"no certificate":     {master.URL, Options{CA: c.CA}},
		"another name":       {master.URL + "?server_name=other.test", ours},
		"plain to TLS":       {"redis://" + master.Addr, Options{}},
		"plain to Sentinels": {"redis+sentinel://" + sentinel.Addr + "/mymaster", Options{}},
	} {
		batch, _ := oneRecord(journal.Genesis(theLog, 1), "never")
		err := openTest(t, wrong.url, wrong.options).appendErr(t, journal.Genesis(theLog, 1), batch)
		if !errors.Is(err, journal.ErrUnavailable) && !errors.Is(err, journal.ErrUnknown) {
			t.Errorf("%s: %v, want it refused", name, err)
		}
	}
}

// rules are the permissions that the user of Redis needs, as documented.
const rules = "~matchfloor:* &matchfloor:* -@all +@connection +eval +evalsha +time +wait +info +cluster|slots +asking " +
	"+hget +hmget +hgetall +hset +hincrby +hdel +hlen +del +exists +unlink +rename +persist +expire +pexpire +pttl " +
	"+xadd +xrange +xlen +publish +subscribe +unsubscribe"

// sentinelRules are the permissions that the user of Sentinel needs.
const sentinelRules = "allchannels -@all +@connection +subscribe +sentinel|get-master-addr-by-name +sentinel|sentinels"

func TestACL_RulesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/OPERATIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	document := strings.Join(strings.Fields(string(text)), " ")
	for _, rule := range []string{rules, sentinelRules} {
		if !strings.Contains(document, rule) {
			t.Errorf("docs/OPERATIONS.md does not have the rules %q", rule)
		}
	}
}

func setUser(s *redistest.Server, name, rest string) {
	args := []any{"ACL", "SETUSER", name, "on"}
	for word := range strings.FieldsSeq(rest) {
		args = append(args, word)
	}
	s.Do(args...)
}

func TestACL_UsersWithTheRulesWork(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--cluster-enabled", "yes")
	server.Do("CLUSTER", "ADDSLOTSRANGE", 0, redistest.Slots-1)
	until(t, "a cluster of one", func() bool {
		answer, err := server.Try("CLUSTER", "INFO")
		return err == nil && strings.Contains(answer.(string), "cluster_state:ok")
	})
	host, port, err := net.SplitHostPort(server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	watcher := redistest.StartSentinel(t, nil, "--sentinel", "monitor mymaster "+host+" "+port+" 1")
	setUser(watcher, "scout", ">s+out "+sentinelRules)
	setUser(watcher, "default", "resetpass -@all +@connection +sentinel +acl +info")
	setUser(server, "floor", ">fl:oor@ "+rules)
	setUser(server, "default", "resetpass -@all +ping +info +acl")

	wantWorking(t, "redis+cluster://floor:fl%3Aoor%40@"+server.Addr, Options{})
	until(t, "Sentinel to know the master", func() bool {
		return openTest(t, "redis+sentinel://floor:fl:oor%40@"+watcher.Addr+"/mymaster?sentinel_user=scout&sentinel_password=s%2Bout", Options{}).
			readable(t)
	})
	for name, url := range map[string]string{
		"a wrong password":            "redis://floor:floor@" + server.Addr,
		"no user":                     "redis://" + server.Addr,
		"a wrong password, Sentinel":  "redis+sentinel://floor:fl:oor%40@" + watcher.Addr + "/mymaster?sentinel_user=scout&sentinel_password=x",
		"a wrong password in cluster": "redis+cluster://floor:x@" + server.Addr,
	} {
		batch, _ := oneRecord(journal.Genesis(theLog, 1), "never")
		err := openTest(t, url, Options{}).appendErr(t, journal.Genesis(theLog, 1), batch)
		if !errors.Is(err, journal.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", name, err)
		}
	}
}

func (j *Journal) readable(t *testing.T) bool {
	_, err := j.Read(t.Context(), theLog, 0, 0)
	return err == nil
}

// A script must not stop in the middle because the user may not run one of its commands.
func TestACL_MissingPermissionWritesNothing(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	url := strings.Replace(server.URL, "://", "://floor:x@", 1)
	setUser(server, "floor", ">x "+rules)
	at := mustAppend(t, openTest(t, url, Options{}), journal.Genesis(theLog, 1), "first")
	before := server.Do("XLEN", "matchfloor:{"+string(theLog)+"}:log")
	for _, rule := range []string{"-xadd", "-hset", "-hdel", "-hincrby", "-publish", "resetchannels"} {
		setUser(server, "floor", rule)
		batch, _ := oneRecord(at, "second")
		err := openTest(t, url, Options{}).appendErr(t, at, batch)
		if !errors.Is(err, journal.ErrUnavailable) {
			t.Errorf("%s: Append: %v, want ErrUnavailable", rule, err)
		}
		setUser(server, "floor", rules)
	}
	for _, rule := range []string{"-unlink", "-rename", "-persist", "-hset", "-publish"} {
		j := openTest(t, url, Options{})
		restored, head, err := journal.Rechain(theLog, at, []journal.Record{{Seq: 1, Key: "restored"}})
		if err != nil {
			t.Fatal(err)
		}
		setUser(server, "floor", rule)
		if _, err := j.replaceStaged(t.Context(), theLog, at, restored, head); !errors.Is(err, journal.ErrUnavailable) {
			t.Errorf("%s: Replace: %v, want ErrUnavailable", rule, err)
		}
		setUser(server, "floor", rules)
	}
	if after := server.Do("XLEN", "matchfloor:{"+string(theLog)+"}:log"); after != before {
		t.Errorf("%v records are stored, want %v", after, before)
	}
	mustAppend(t, openTest(t, url, Options{}), at, "second")
}
