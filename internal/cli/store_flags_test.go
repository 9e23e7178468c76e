package cli

import (
	"strings"
	"testing"
)

// The flags of Redis are validated before anything is opened. The error names the flag
// and no password.
func TestStoreFlags_OfRedisAreValidated(t *testing.T) {
	for args, want := range map[string]string{
		"--redis http://u:hidden@h":                            "--redis: it begins with redis://, redis+sentinel:// or redis+cluster://",
		"--redis redis://u:hidden@h1,h2":                       "--redis: several hosts",
		"--redis redis+sentinel://u:hidden@h1,h2":              "--redis: the name by which Sentinel knows the master",
		"--redis redis+sentinel://h/m?sentinel_pw=hidden":      "--redis: a parameter is not known",
		"--redis redis://h --redis-replicas -1":                "--redis-replicas must be from 0 to 16",
		"--redis redis://h --redis-replicas 17":                "--redis-replicas must be from 0 to 16",
		"--redis rediss://h --redis-cert hidden":               "--redis-cert and --redis-key must be given together",
		"--redis redis://h --redis-ca hidden":                  "certificates are for a URL that begins with rediss",
		"--redis rediss://h --redis-ca store_flags_test.go":    "holds no certificate in PEM",
		"--redis rediss+cluster://h1,h2 --redis-ca /not/there": "the authorities",
	} {
		o := runOnce(t, append([]string{"import", "../../demo/forum.xlsx"}, strings.Fields(args)...))
		if o.code == 0 || !strings.Contains(o.stderr, want) || strings.Contains(o.stderr, "u:hidden") || strings.Contains(o.stderr, "pw=") {
			t.Errorf("%s: exit %d, %q; want %q", args, o.code, o.stderr, want)
		}
	}
	// With --data on the command line, the flags of Redis in the environment are not validated.
	o := runOnce(t, []string{"links", "--data", emptyInstance(t)}, "MATCHFLOOR_REDIS", "nonsense", "MATCHFLOOR_REDIS_REPLICAS", "99")
	if o.code != 0 {
		t.Errorf("--data with an invalid MATCHFLOOR_REDIS: exit %d, %s", o.code, o.stderr)
	}
}
