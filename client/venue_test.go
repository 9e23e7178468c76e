package client_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"slices"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/server"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/static"
)

// venue is the sample forum on a real server in this process.
type venue struct {
	hub  *hub.Hub
	http *httptest.Server
	keys auth.Keys

	event     floor.EventID
	transport client.Transport // of its clients
}

// sample is the sample forum, read once.
var sample = sync.OnceValues(demo.Forum)

// openVenue starts a venue whose schedule is released.
func openVenue() (*venue, error) {
	j := journal.NewMemory(time.Now)
	v := &venue{hub: hub.New(j, j, hub.Options{Logger: slog.New(slog.DiscardHandler)})}
	keys, err := auth.NewKeys(slices.Repeat([]byte("k"), 32))
	if err != nil {
		return nil, err
	}
	v.keys = keys
	s, err := server.New(server.Options{
		Hub: v.hub, Keys: keys, Pages: static.Dist(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	v.http = httptest.NewServer(s)
	return v, v.fill(context.Background())
}

func (v *venue) fill(ctx context.Context) error {
	forum, err := sample()
	if err != nil {
		return err
	}
	v.event = forum.Event.ID
	if err := hub.ImportForum(ctx, v.hub, floor.Operator, "cli", forum); err != nil {
		return err
	}
	_, err = v.hub.Submit(ctx, journal.LogID(v.event), floor.Envelope{
		Key: "cli/release", By: floor.Operator, Unconditional: true, Command: floor.ReleaseSchedule{},
	})
	return err
}

func (v *venue) close() {
	v.http.CloseClientConnections()
	v.http.Close()
	v.hub.Close()
}

// link returns the URL of the first link of a role that match accepts; nil accepts all.
func (v *venue) link(role floor.Role, match func(floor.State, floor.Link) bool) string {
	state, _, err := v.hub.State(context.Background(), journal.LogID(v.event))
	if err != nil {
		panic(err)
	}
	var ids []floor.LinkID
	byID := map[floor.LinkID]floor.Link{}
	for l := range state.Links() {
		if l.Who.Role() == role && (match == nil || match(state, l)) {
			ids, byID[l.ID] = append(ids, l.ID), l
		}
	}
	return v.keys.LinkURL(v.http.URL, v.event, byID[slices.Min(ids)])
}

func lead(s floor.State, l floor.Link) bool {
	p, ok := s.Profile(l.Who)
	return ok && p.Lead
}

// options returns client options whose HTTP connections end with the venue.
func (v *venue) options() client.Options {
	return client.Options{HTTP: v.http.Client(), Transport: v.transport}
}
