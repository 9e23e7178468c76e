package auth

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// Only a token that the instance key has made for the operator, and that is new enough, is the
// operator's. No session's token is.
func TestOperatorToken_IsTheInstanceKeysAlone(t *testing.T) {
	keys, err := NewKeys(make([]byte, MinKey))
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewKeys(append(make([]byte, MinKey), 1))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	elsewhere := Claims{Event: "demo", Link: operatorLink, Expires: now.Add(time.Hour)}
	session := Claims{Event: InstanceEvent, Link: "organiser-first", Generation: 1, Expires: now.Add(time.Hour)}
	for name, c := range map[string]struct {
		header string
		at     time.Time
		want   bool
	}{
		"a new one":      {"Bearer " + keys.OperatorToken(now), now.Add(time.Minute), true},
		"an old one":     {"Bearer " + keys.OperatorToken(now), now.Add(operatorTokenLife), false},
		"of another key": {"Bearer " + other.OperatorToken(now), now, false},
		"a session's":    {"Bearer " + keys.SealToken(session), now, false},
		"of an event":    {"Bearer " + keys.SealToken(elsewhere), now, false},
		"no bearer":      {keys.OperatorToken(now), now, false},
		"none":           {"", now, false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/api/v1/recover", nil)
		r.Header.Set("Authorization", c.header)
		if got := keys.ByOperator(r, c.at); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
