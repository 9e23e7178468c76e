package redisjournal

import (
	"slices"
	"strings"
	"testing"
)

func TestParseAddress_AcceptsEveryForm(t *testing.T) {
	for url, want := range map[string]address{
		"redis://localhost":                           {hosts: []string{"localhost:6379"}},
		"redis://:p%40ss@10.0.0.1:7000/3":             {hosts: []string{"10.0.0.1:7000"}, password: "p@ss", db: 3},
		"rediss://floor:secret@[::1]:1?client_name=f": {hosts: []string{"[::1]:1"}, tls: true, user: "floor", password: "secret", clientName: "f"},
		"REDIS://h/":                                   {hosts: []string{"h:6379"}},
		"redis+cluster://u:p@a,b:7001,c":               {topology: cluster, hosts: []string{"a:6379", "b:7001", "c:6379"}, user: "u", password: "p"},
		"rediss+cluster://a?server_name=redis.example": {topology: cluster, tls: true, hosts: []string{"a:6379"}, serverName: "redis.example"},
		"redis+sentinel://u:p:q@a,b:1/mymaster":        {topology: sentinel, hosts: []string{"a:26379", "b:1"}, user: "u", password: "p:q", master: "mymaster"},
		"rediss+sentinel://a/m?db=2&sentinel_user=s&sentinel_password=x%26y": {topology: sentinel, tls: true, hosts: []string{"a:26379"},
			master: "m", db: 2, sentinelUser: "s", sentinelPassword: "x&y"},
	} {
		got, err := parseAddress(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		hosts, wantHosts := got.hosts, want.hosts
		got.hosts, want.hosts = nil, nil
		if !slices.Equal(hosts, wantHosts) || !equal(*got, want) {
			t.Errorf("%s: %+v at %q, want %+v at %q", url, *got, hosts, want, wantHosts)
		}
	}
}

func equal(a, b address) bool {
	return a.topology == b.topology && a.tls == b.tls && a.user == b.user && a.password == b.password && a.master == b.master && a.db == b.db &&
		a.sentinelUser == b.sentinelUser && a.sentinelPassword == b.sentinelPassword && a.serverName == b.serverName && a.clientName == b.clientName
}

// The error of a URL says what to do, and contains no password.
func TestCheckURL_ErrorsAreHelpfulAndHideThePassword(t *testing.T) {
	for url, hint := range map[string]string{
		"":                                          "begins with",
		"localhost:6379":                            "begins with",
		"http://hidden@h":                           "begins with",
		"redis+ring://h":                            "begins with",
		"unix:///run/redis":                         "begins with",
		"redis://":                                  "host 1",
		"redis://h:port":                            "host 1",
		"redis://h:0":                               "host 1",
		"redis://h:70000":                           "host 1",
		"redis://:hid/den@h":                        "host 1",
		"redis://u:hidden@h1,h2":                    "several hosts",
		"redis://h/hidden":                          "number",
		"redis://u:hid%zzden@h":                     "as a URL requires",
		"redis://u:hidden@h/0#x":                    "%23",
		"redis://h?sentinel_password=hidden":        "not known",
		"redis://h?hidden=1":                        "not known",
		"redis://h?client_name=a&client_name=b":     "2 times",
		"redis+sentinel://u:hidden@h":               "mymaster",
		"redis+sentinel://h1,h2,/m":                 "host 3",
		"redis+sentinel://h/m/hidden":               "mymaster",
		"redis+sentinel://h/m?db=hidden":            "number",
		"redis+sentinel://h/m?sentinel_pass=hidden": "not known",
		"redis+cluster://h1,h2/1":                   "no databases",
		"redis+cluster://h1?x=%hidden":              "parameters",
	} {
		err := CheckURL(url)
		if err == nil {
			t.Errorf("%q is accepted", url)
			continue
		}
		if !strings.Contains(err.Error(), hint) || strings.Contains(err.Error(), "hid") {
			t.Errorf("%q: %v; want it to say %q, and nothing that is hidden", url, err, hint)
		}
	}
	if _, err := Open("redis://h", Options{Prefix: "a{b}"}); err == nil {
		t.Error("a prefix with a hash tag of its own is accepted")
	}
	for name, o := range map[string]Options{
		"no such file": {CA: "/nowhere"}, "no certificate in it": {CA: "address_test.go"},
		"a certificate without its key": {Certificate: "x"}, "no pair": {Certificate: "/nowhere", Key: "/nowhere"},
	} {
		if _, err := Open("rediss://h", o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := Open("redis://h", Options{CA: "x"}); err == nil || !strings.Contains(err.Error(), "rediss") {
		t.Errorf("certificate authorities without TLS: %v, want rediss in the error", err)
	}
}
