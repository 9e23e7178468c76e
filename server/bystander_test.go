package server

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/session"
	"github.com/matchfloor/matchfloor/journal"
)

// bystander is a signed-in moderator who goes on working while other clients misbehave.
type bystander struct {
	*client.Client
	w      *fixture
	event  floor.EventID
	rounds int
}

// newBystander signs a moderator in.
func (w *fixture) newBystander(id floor.EventID) *bystander {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	l, _ := w.state(id).Link("moderator-lead")
	options := client.Options{}
	if w.http.TLS != nil {
		options.HTTP = w.http.Client()
		options.Dialer = &websocket.Dialer{TLSClientConfig: w.http.Client().Transport.(*http.Transport).TLSClientConfig}
	}
	c, err := client.Dial(ctx, w.keys.LinkURL(w.http.URL, id, l), options)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(c.Close)
	return &bystander{Client: c, w: w, event: id}
}

// checkUndisturbed checks that the moderator is still on the first connection, sees a change
// at once, and has the same view as the server, and that the log has no error and no
// panic. It returns how long the change took.
func (s *bystander) checkUndisturbed() time.Duration {
	s.w.t.Helper()
	ctx, cancel := context.WithTimeout(s.w.t.Context(), patience)
	defer cancel()
	if !s.Online() {
		s.w.t.Fatal("the bystander was disconnected")
	}
	s.rounds++
	began := time.Now()
	key := s.w.submitAsOrganiser(s.event, floor.LockMeeting{Meeting: "mA", Locked: s.rounds%2 == 1})
	seq := s.w.state(s.event).Seq()
	if err := s.Wait(ctx, seq); err != nil {
		s.w.t.Fatalf("the bystander does not see %s: %v", key, err)
	}
	took := time.Since(began)
	at, err := s.Sync(ctx)
	if err != nil {
		s.w.t.Fatal(err)
	}
	l, _ := s.w.state(s.event).Link("moderator-lead")
	held, err := s.w.hub.View(ctx, journal.LogID(s.event), session.Credential{Actor: l.Who, Link: l.ID, Generation: l.Generation}, at.Seq)
	if err != nil {
		s.w.t.Fatal(err)
	}
	if got := s.View().Digest(); got != held.Digest {
		s.w.t.Errorf("the bystander has the view %s at %d, the server %s", got, at.Seq, held.Digest)
	}
	if said := s.w.logged.String(); strings.Contains(said, "panic") || strings.Contains(said, "level=ERROR") {
		s.w.t.Errorf("the log has an error or a panic:\n%.2000s", said[max(0, strings.Index(said, "level=ERROR")):])
	}
	return took
}
