package server

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/hub/session"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// bootstrap gives an attendee's page what it needs to show something without
// another round trip.
type bootstrap struct {
	hub *hub.Hub
	now func() time.Time
}

// encode returns {"hello":…,"snapshot":…} as the live connection would send them to an attendee. It
// returns nil for any other role and after any error, because the page works without it.
func (b bootstrap) encode(ctx context.Context, event floor.EventID, who session.Credential) json.RawMessage {
	if who.Actor.Role() != floor.RoleAttendee {
		return nil
	}
	// The state is read first. If the subjects change before the view is read, their
	// hash is an old one, and the live connection begins with a snapshot.
	state, _, err := b.hub.State(ctx, journal.LogID(event))
	if err != nil {
		return nil
	}
	profile, ok := state.Profile(who.Actor)
	if !ok {
		return nil
	}
	view, err := b.hub.View(ctx, journal.LogID(event), who, 0)
	if err != nil {
		return nil
	}
	hello := wire.Encode(wire.ServerFrame{Hello: &wire.ServerHello{
		Version: wire.Version,
		Event:   event,
		You: wire.You{
			Who: who.Actor, Link: who.Link, Name: profile.Name,
			Lead: profile.Lead, Zones: profile.Zones, Languages: profile.Languages,
		},
		Subjects: wire.SubjectsHash(state.Subjects(who.Actor)),
		Now:      floor.Instant(b.now().UnixMilli()),
		Clock:    state.Clock(),
	}})
	hello = bytes.TrimSuffix(hello, []byte("}"))
	return append(append(append(hello, `,"snapshot":`...), view.Body...), '}')
}

// escapeForScript makes JSON safe inside a script element: no character is left
// that could end the element or begin a comment. JSON has these only in strings.
func escapeForScript(text []byte) []byte {
	for _, c := range []struct{ raw, escaped string }{
		{"<", `\u003c`}, {">", `\u003e`}, {"&", `\u0026`}, {"\u2028", `\u2028`}, {"\u2029", `\u2029`},
	} {
		text = bytes.ReplaceAll(text, []byte(c.raw), []byte(c.escaped))
	}
	return text
}

// withBootstrap returns a page's HTML with a bootstrap in a script element that
// browsers do not run.
func withBootstrap(html, data []byte) []byte {
	head := []byte("</head>")
	at := bytes.Index(html, head)
	if at < 0 {
		return html
	}
	out := make([]byte, 0, len(html)+len(data)+64)
	out = append(append(out, html[:at]...), `<script type="application/json" id="opening">`...)
	out = append(append(out, escapeForScript(data)...), "</script>"...)
	return append(out, html[at:]...)
}
