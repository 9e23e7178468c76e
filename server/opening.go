package server

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// opening answers what an attendee's page needs to show something at once, with
// no further round trip: {"hello":…,"snapshot":…} as the live connection would
// send them. For others, and where it cannot be had, it is nil: every client can
// do without.
func (s *Server) opening(ctx context.Context, event floor.EventID, who hub.Credential) json.RawMessage {
	if who.Who.Role() != floor.RoleAttendee {
		return nil
	}
	// The state first: if the subjects change before the picture is taken, their
	// hash is an old one and the live connection answers with a snapshot.
	state, _, err := s.hub.State(ctx, journal.LogID(event))
	if err != nil {
		return nil
	}
	profile, ok := state.Profile(who.Who)
	if !ok {
		return nil
	}
	picture, err := s.hub.View(ctx, journal.LogID(event), who, 0)
	if err != nil {
		return nil
	}
	hello := wire.Encode(wire.ServerFrame{Hello: &wire.ServerHello{
		Version: wire.Version,
		Event:   event,
		You: wire.You{
			Who: who.Who, Link: who.Link, Name: profile.Name,
			Lead: profile.Lead, Zones: profile.Zones, Languages: profile.Languages,
		},
		Subjects: wire.SubjectsHash(state.Subjects(who.Who)),
		Now:      floor.Instant(s.now().UnixMilli()),
		Clock:    state.Clock(),
	}})
	hello = bytes.TrimSuffix(hello, []byte("}"))
	return append(append(append(hello, `,"snapshot":`...), picture.Body...), '}')
}

// inScript makes JSON safe inside a script element: no character is left that
// could end it or begin a comment. Outside of strings JSON has none of them.
func inScript(text []byte) []byte {
	for _, c := range []struct{ raw, escaped string }{
		{"<", `\u003c`}, {">", `\u003e`}, {"&", `\u0026`}, {"\u2028", `\u2028`}, {"\u2029", `\u2029`},
	} {
		text = bytes.ReplaceAll(text, []byte(c.raw), []byte(c.escaped))
	}
	return text
}

// withOpening puts an opening into a page's HTML as a block that is no script.
func withOpening(html, opening []byte) []byte {
	head := []byte("</head>")
	at := bytes.Index(html, head)
	if at < 0 {
		return html
	}
	out := make([]byte, 0, len(html)+len(opening)+64)
	out = append(append(out, html[:at]...), `<script type="application/json" id="opening">`...)
	out = append(append(out, inScript(opening)...), "</script>"...)
	return append(out, html[at:]...)
}
