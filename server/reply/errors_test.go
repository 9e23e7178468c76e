package reply

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/wire"
)

// exchange returns the context of a request with a body, and the recorder of its
// response.
func exchange(mediaType, body string) (echo.Context, *httptest.ResponseRecorder) {
	r := httptest.NewRequest(http.MethodPost, "/secret-path?secret-query", strings.NewReader(body))
	r.Header.Set("Content-Type", mediaType)
	w := httptest.NewRecorder()
	return echo.New().NewContext(r, w), w
}

func TestErrorHandler_SendsTheProblemAndLogsTheCause(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		status int
		body   string
		retry  string
		logged string // "" for nothing
	}{
		{"a refusal", BadValue("seq"), 422, `{"code":"bad_value","params":{"field":"seq"}}`, "", ""},
		{"with a wait, rounded up", RateLimited(1100*time.Millisecond, false), 429, `{"code":"too_many_requests"}`, "2", ""},
		{"with a cause", Refuse(400, CodeBadUpgrade).Because(errors.New("half a key")), 400, `{"code":"bad_upgrade"}`, "", "half a key"},
		{"no such route", echo.ErrNotFound, 404, `{"code":"not_found"}`, "", ""},
		{"a wrong method", echo.ErrMethodNotAllowed, 405, `{"code":"bad_method"}`, "", ""},
		{"any other error", errors.New("disk on fire"), 500, `{"code":"internal"}`, "", "disk on fire"},
	} {
		var log bytes.Buffer
		ctx, w := exchange("", "")
		ErrorHandler(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))(c.err, ctx)
		if w.Code != c.status || w.Body.String() != c.body || w.Header().Get("Retry-After") != c.retry || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s %v", c.name, w.Code, w.Body, w.Header())
		}
		if text := log.String(); !strings.Contains(text, c.logged) || (c.logged == "") != (text == "") || strings.Contains(text, "secret") ||
			strings.Contains(text, "level=ERROR") != (c.status >= 500) {
			t.Errorf("%s: logged %q", c.name, text)
		}
	}
}

func TestRateLimited_AllowedIsNoError(t *testing.T) {
	if err := RateLimited(time.Hour, true); err != nil {
		t.Error(err)
	}
}

func TestOfCommand_RetryAfterOnlyIfItMaySucceedLater(t *testing.T) {
	if e := OfCommand(wire.Problem{Code: wire.CodeBusy}); e.Status != http.StatusServiceUnavailable || e.RetryAfter != time.Second {
		t.Errorf("busy: %d, retry after %v", e.Status, e.RetryAfter)
	}
	if e := OfCommand(wire.Problem{Code: wire.CodeForbidden}); e.Status != http.StatusForbidden || e.RetryAfter != 0 {
		t.Errorf("forbidden: %d, retry after %v", e.Status, e.RetryAfter)
	}
}

func TestReadJSON_IsStrict(t *testing.T) {
	const limit = 21
	for _, c := range []struct {
		name, mediaType, body string
		code                  wire.Code // "" if the body is accepted
	}{
		{"an object", "application/json", `{"name":"x"}`, ""},
		{"with a charset", "application/json; charset=utf-8", `{"name":"x"}`, ""},
		{"of the largest size", "application/json", `{"name":"x"}` + strings.Repeat(" ", limit-12), ""},
		{"one byte more", "application/json", `{"name":"x"}` + strings.Repeat(" ", limit-11), wire.CodeTooLarge},
		{"another type", "text/plain", `{"name":"x"}`, wire.CodeBadType},
		{"an unknown name", "application/json", `{"other":"x"}`, wire.CodeBadBody},
		{"a name twice", "application/json", `{"name":"","name":""}`, wire.CodeBadBody},
		{"another case", "application/json", `{"Name":"x"}`, wire.CodeBadBody},
		{"two values", "application/json", `{} {}`, wire.CodeBadBody},
		{"nothing", "application/json", ``, wire.CodeBadBody},
	} {
		var v struct {
			Name string `json:"name"`
		}
		ctx, _ := exchange(c.mediaType, c.body)
		err := ReadJSON(ctx, limit, &v)
		switch {
		case c.code == "" && (err != nil || v.Name != "x"):
			t.Errorf("%s: %v", c.name, err)
		case c.code != "" && (err == nil || AsError(err).Problem.Code != c.code):
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
	}
}
