package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// roundTripper returns responses without a network.
type roundTripper func(*http.Request) (status int, body string, err error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body, err := f(r)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader([]byte(body))), Request: r}, nil
}

// A client keeps its session for as long as it runs: it renews the token every hour, sooner
// after a failure, and sends the newest one.
func TestRenewer_ReplacesTheTokenEveryHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		var sent []string
		answers := []string{"t2", "unreachable", "t3", "signed out", "t4"}
		a := &api{link: Link{Server: "http://host"}, http: &http.Client{Transport: roundTripper(func(r *http.Request) (int, string, error) {
			at, sent = append(at, time.Since(began).Round(time.Minute)), append(sent, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
			switch answer := answers[len(at)-1]; answer {
			case "unreachable":
				return 0, "", errors.New("no network")
			case "signed out":
				return http.StatusUnauthorized, `{"code":"signed_out"}`, nil
			default:
				text, err := json.Marshal(session{Token: answer})
				return http.StatusOK, string(text), err
			}
		})}}
		a.session.Store(&session{Token: "t1"})
		r := startRenewing(t.Context(), a, func() float64 { return 0 })
		time.Sleep(4*time.Hour + 30*time.Minute) // in fake time
		r.stop()
		if got := a.token(); got != "t4" {
			t.Errorf("the token is %q after renewals at %v", got, at)
		}
		want := []string{"t1", "t2", "t2", "t3", "t3"}
		for i, token := range want {
			if i >= len(sent) || sent[i] != "POST /api/v1/renew Bearer "+token {
				t.Fatalf("sent %q, want the tokens %q", sent, want)
			}
		}
		if at[0] != time.Hour || at[2]-at[1] > 5*time.Minute || at[3]-at[2] != time.Hour {
			t.Errorf("renewals at %v", at)
		}
		time.Sleep(3 * time.Hour) // in fake time: nothing comes after stop
		if len(at) != len(want) {
			t.Errorf("%d renewals, %d after stop", len(at), len(at)-len(want))
		}
	})
}

// A renewal that was on its way does not bring an ended session back.
func TestRenew_LosesAgainstASignIn(t *testing.T) {
	var a *api
	var calls atomic.Int32
	a = &api{link: Link{Server: "http://host"}, http: &http.Client{Transport: roundTripper(func(*http.Request) (int, string, error) {
		calls.Add(1)
		a.session.Store(&session{Token: "signed in again"})
		return http.StatusOK, `{"token":"renewed"}`, nil
	})}}
	a.session.Store(&session{Token: "first"})
	if err := a.renew(t.Context()); err != nil || a.token() != "signed in again" || calls.Load() != 1 {
		t.Errorf("%v, the token is %q after %d calls", err, a.token(), calls.Load())
	}
}
