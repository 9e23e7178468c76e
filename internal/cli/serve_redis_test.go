package cli

import (
	"bufio"
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

// startReports starts a process that serves, and returns what it prints on standard error up to
// the first line that holds a text. It fails if there is none within waitLimit: on a busy machine
// another reason may be reported before it. It prints how long that took; that a start reports
// within 2 s is asserted in fake time, by TestReportStart_ReportsWithinTwoSeconds. The process is
// then killed.
func startReports(t *testing.T, text string, args ...string) (lines string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), waitLimit)
	defer stop()
	c := programCommand(ctx, t, nil, append([]string{"serve", "--addr", "127.0.0.1:0", "--key-file", keyFile(t)}, args...)...)
	c.Cancel = func() error { return c.Process.Kill() }
	errs, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = c.Process.Kill() // it may have ended
		_ = c.Wait()         // says that it was killed
	}()
	for printed := bufio.NewScanner(errs); printed.Scan(); {
		lines += printed.Text() + "\n"
		if strings.Contains(printed.Text(), text) {
			t.Logf("%v: after %v", args, time.Since(began).Round(time.Millisecond))
			return lines
		}
	}
	t.Errorf("%v: no line with %q in\n%s", args, text, lines)
	return lines
}

// hung is a server that accepts connections and never answers.
func hung(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

// A start that waits for Redis says what it waits for, and no password.
func TestServe_SaysWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	locked := redistest.Start(t)
	locked.Do("CONFIG", "SET", "requirepass", "right")
	noScripts := redistest.Start(t, "--rename-command", "EVALSHA", "")
	noStreams := redistest.Start(t, "--rename-command", "XADD", "hidden")
	noAuth := redistest.Start(t, "--rename-command", "AUTH", "", "--rename-command", "HELLO", "")
	nothing := hung(t)
	for url, want := range map[string]string{
		"redis://:s3cret@" + locked.Addr: `msg="waiting for the journal: Redis at ` + locked.Addr + ` does not accept the user or the password of --redis: WRONGPASS invalid username-password pair or user is disabled." code=redis_password`,
		locked.URL:                       `msg="waiting for the journal: Redis at ` + locked.Addr + ` does not accept the user or the password of --redis: NOAUTH Authentication required." code=redis_password`,
		"redis://" + nothing:             `msg="waiting for the journal: Redis at ` + nothing + ` does not answer: check the address and the firewall, and whether Redis hangs" code=redis_no_answer`,
		"redis://127.0.0.1:1":            `msg="waiting for the journal: Redis at 127.0.0.1:1 cannot be reached: `,
		"redis+sentinel://127.0.0.1:1/m": `msg="waiting for the journal: Redis at 127.0.0.1:1 cannot be reached: `,
		"redis+cluster://127.0.0.1:1":    `msg="waiting for the journal: Redis at 127.0.0.1:1 cannot be reached: `,
		noScripts.URL:                    `msg="waiting for the journal: Redis does not know EVALSHA, which nodes need: remove rename-command for it from Redis's configuration" code=redis_command`,
		noStreams.URL:                    `msg="waiting for the journal: Redis does not know XADD, which nodes need: remove rename-command for it from Redis's configuration" code=redis_command`,
		"redis://:s3cret@" + noAuth.Addr: `code=redis_command`,
	} {
		lines := startReports(t, want, "--redis", url)
		if strings.Contains(lines, "s3cret") || !strings.Contains(lines, "level=WARN") {
			t.Errorf("%s:\n%s", url, lines)
		}
	}
}

// A start warns about a Redis that does not keep what it acknowledges.
func TestServe_WarnsOfARedisThatLosesChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		settings []string
		flags    []string
		want     string
	}{
		{[]string{"--appendonly", "no"}, nil, `msg="Redis has no append-only file: when it stops it loses changes that were acknowledged. Set appendonly yes and appendfsync always" code=redis_no_aof`},
		{[]string{"--appendfsync", "everysec"}, nil, `msg="Redis has appendfsync everysec: when its machine stops it loses changes that were acknowledged. Set appendfsync always" code=redis_late_sync`},
		{[]string{"--maxmemory-policy", "allkeys-lru"}, nil, `msg="Redis has maxmemory-policy allkeys-lru: when its memory is full it drops keys, and logs with them. Set maxmemory-policy noeviction" code=redis_evicts`},
		{nil, []string{"--redis-replicas", "2"}, `msg="0 replicas of Redis are connected, and --redis-replicas promises 2: no change is acknowledged until they are there" code=redis_few_replicas`},
		{nil, nil, `msg="whether Redis keeps what it acknowledges cannot be checked, because it does not answer INFO to this user: add +info to the user's rights" code=redis_unchecked`},
	} {
		redis := redistest.Start(t, c.settings...)
		if strings.Contains(c.want, "+info") {
			redis.Do("ACL", "SETUSER", "default", "-info")
		}
		startReports(t, c.want, append([]string{"--redis", redis.URL}, c.flags...)...)
	}
}

// A start on a Redis that is set up as documented warns of nothing.
func TestServe_WarnsOfNothingWithoutReason(t *testing.T) {
	s := start(t, []string{"serve", "--addr", "127.0.0.1:0", "--redis", redistest.Start(t).URL, "--key-file", keyFile(t)})
	s.line("matchfloor serves ")
	if o := s.end(); strings.Contains(o.stderr, "WARN") {
		t.Error(o.stderr)
	}
}
