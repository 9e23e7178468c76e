package server

import (
	"net/http"
	"testing"

	"github.com/matchfloor/matchfloor/wire"
)

// The operator's token asks for a recovery, and signs in to nothing.
func TestRecover_NeedsTheOperatorsToken(t *testing.T) {
	w := newFixture(t, true, nil)
	operator := []string{"Authorization", "Bearer " + w.keys.OperatorToken(w.clock.now()), "Content-Type", asJSON}
	r := w.request(http.MethodPost, "/api/v1/recover", `{}`, operator...)
	if r.StatusCode != http.StatusOK || string(r.body) != `{"logs":[]}` {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
	w.expect("an unknown field", w.request(http.MethodPost, "/api/v1/recover", `{"force":true}`, operator...), http.StatusBadRequest, "")
	w.expect("no JSON", w.request(http.MethodPost, "/api/v1/recover", `{`, operator...), http.StatusBadRequest, wire.CodeBadBody)
	w.expect("another endpoint", w.request(http.MethodGet, "/api/v1/events", "", operator...), http.StatusUnauthorized, wire.CodeSignedOut)
	w.expect("no token", w.request(http.MethodPost, "/api/v1/recover", `{}`, "Content-Type", asJSON), http.StatusUnauthorized, wire.CodeSignedOut)
}
