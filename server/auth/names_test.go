package auth

import (
	"reflect"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/internal/golden"
)

// Links and sessions of earlier builds stay valid. With another label or layout every
// one of them would become invalid.
func TestKeys_OpenWhatWasMadeBefore(t *testing.T) {
	const (
		secret = "QNQgtwAP4R0NeAQqeir_Aw"
		token  = "AcbWXWwAAAGiCxEagAAAAAAAAAAD3IyXmZQoIisAAAAEZGVtbwAAAA1hdHRlbmRlZS1rMDNhY9osc3ZsX5jwNdaC4gO5Fayt2D4ruYvsE8loRxRDiVY"
	)
	keys := testKeys(t, 1)
	link := floor.Link{ID: "attendee-k03a", Who: "attendee:k03a", Generation: 3}
	if got, want := keys.LinkURL("https://example.org", "demo", link), "https://example.org/attendee#demo.attendee-k03a."+secret; got != want {
		t.Errorf("the link is %s, was %s", got, want)
	}
	at := time.UnixMilli(1_795_478_400_000)
	want := Claims{Event: "demo", Link: link.ID, Generation: 3, Expires: at.Add(time.Hour)}
	if got, err := keys.OpenToken(token, at); err != nil || got.Event != want.Event || got.Link != want.Link ||
		got.Generation != want.Generation || !got.Expires.Equal(want.Expires) {
		t.Errorf("the token says %+v, %v", got, err)
	}
	if plain, secure := cookieName("demo", link.ID, false), cookieName("demo", link.ID, true); plain != "mf-demo.attendee-k03a" || secure != "__Host-mf-demo.attendee-k03a" {
		t.Errorf("the cookies are %s and %s", plain, secure)
	}
}

// TestHTTP_IsAsPublished pins the names and kinds of the JSON fields of sign-in.
func TestHTTP_IsAsPublished(t *testing.T) {
	golden.Compare(t, "testdata/http.txt",
		golden.Block("POST sign-in", golden.Fields(reflect.TypeFor[signInRequest]()))+
			golden.Block("signed in", golden.Fields(reflect.TypeFor[signInResponse]()))+
			golden.Block("renewed", golden.Fields(reflect.TypeFor[renewResponse]()))+
			golden.Block("POST rotate", golden.Fields(reflect.TypeFor[rotateRequest]()))+
			golden.Block("rotated", golden.Fields(reflect.TypeFor[rotateResponse]())))
}
