package wire_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"go.uber.org/goleak"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// golden decodes one of the lists in testdata.
func golden[T any](t testing.TB, name string) []T {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var list []T
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return list
}

type goldenFrame struct {
	Name, What string
	Frame      json.RawMessage
	Command    json.RawMessage
}

func compact(t *testing.T, text []byte) string {
	t.Helper()
	v := jsontext.Value(bytes.Clone(text))
	if err := v.Compact(jsontext.PreserveRawStrings(true)); err != nil {
		t.Fatal(err)
	}
	return string(v)
}

func TestDecodeClient_GoldenFrames(t *testing.T) {
	for _, g := range golden[goldenFrame](t, "from_client.json") {
		f, p := wire.DecodeClient(g.Frame)
		if p != nil {
			t.Errorf("%s: %v", g.Name, p)
			continue
		}
		if got, want := string(wire.EncodeClient(f)), compact(t, g.Frame); got != want {
			t.Errorf("%s:\n got %s\nwant %s", g.Name, got, want)
		}
	}
}

func TestDecodeServer_GoldenFrames(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range golden[goldenFrame](t, "from_server.json") {
		f, err := wire.DecodeServer(g.Frame)
		if err != nil {
			t.Errorf("%s: %v", g.Name, err)
			continue
		}
		if got, want := string(wire.Encode(f)), compact(t, g.Frame); got != want {
			t.Errorf("%s:\n got %s\nwant %s", g.Name, got, want)
		}
		var kinds map[string]json.RawMessage
		if err := json.Unmarshal(g.Frame, &kinds); err != nil {
			t.Fatal(err)
		}
		for k := range kinds {
			seen[k] = true
		}
	}
	for _, kind := range []string{"hello", "snapshot", "patch", "pong", "live", "accepted", "rejected", "error"} {
		if !seen[kind] {
			t.Errorf("no golden frame of the kind %s", kind)
		}
	}
}

// serverCommands are the commands that no client may give. Every command of floor must be
// either here or in commands.json.
var serverCommands = []floor.CommandKind{"importForum", "timePassed", "markDelivered", "addOrganiser", "registerEvent", "setPublicURL", "setInstanceKey", "raiseVersion", "nameLost", "recordExport"}

func TestDecodeCommand_GoldenCommands(t *testing.T) {
	seen := map[floor.CommandKind]bool{}
	for _, g := range golden[goldenFrame](t, "commands.json") {
		c, p := wire.DecodeCommand(g.Command)
		if p != nil {
			t.Errorf("%s: %v", g.Name, p)
			continue
		}
		kind := floor.KindOf(c.Body)
		if string(kind) != g.Name {
			t.Errorf("%s was decoded as %s", g.Name, kind)
		}
		seen[kind] = true
		again, p := wire.DecodeCommand(wire.EncodeCommand(c))
		if p != nil {
			t.Errorf("%s: decode its encoding: %v", g.Name, p)
			continue
		}
		if wire.PayloadDigest(c.Body) != wire.PayloadDigest(again.Body) {
			t.Errorf("%s: the payload digest differs after a round trip", g.Name)
		}
		want := compact(t, g.Command)
		if got := string(wire.EncodeCommand(c)); got != want {
			t.Errorf("%s:\n got %s\nwant %s", g.Name, got, want)
		}
	}
	for _, kind := range serverCommands {
		text := `{"id":"c1","` + string(kind) + `":{}}`
		if c, p := wire.DecodeCommand([]byte(text)); p == nil || p.Code != wire.CodeUnknownCommand || c.Body != nil {
			t.Errorf("%s: accepted from a client: %v", kind, p)
		}
		seen[kind] = true
	}
	for _, kind := range floor.CommandKinds() {
		if !seen[kind] {
			t.Errorf("%s is neither in commands.json nor in serverCommands", kind)
		}
	}
}

type refused struct {
	Name, Text, Hex, Code, Param, ID string
}

func (r refused) bytes(t testing.TB) []byte {
	if r.Hex == "" {
		return []byte(r.Text)
	}
	b, err := hex.DecodeString(r.Hex)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecodeClient_RefusesGoldenBadFrames(t *testing.T) {
	for _, r := range golden[refused](t, "refused.json") {
		f, p := wire.DecodeClient(r.bytes(t))
		if p == nil {
			t.Errorf("%s: accepted", r.Name)
			continue
		}
		param := p.Params["why"] + p.Params["field"] + p.Params["command"]
		if p.Code != r.Code || param != r.Param {
			t.Errorf("%s: %v, want %s %s", r.Name, p, r.Code, r.Param)
		}
		var id string
		if f.Command != nil {
			id = f.Command.ID
			if f.Command.Body != nil {
				t.Errorf("%s: a refused command has a body", r.Name)
			}
		}
		if id != r.ID {
			t.Errorf("%s: the refused command has the id %q, want %q", r.Name, id, r.ID)
		}
	}
}

func TestComeback_GoldenCloseCodes(t *testing.T) {
	type entry struct {
		Code     wire.CloseCode
		Comeback wire.ReconnectPolicy
	}
	for _, e := range golden[entry](t, "closes.json") {
		if got := e.Code.Comeback(); got != e.Comeback {
			t.Errorf("%d: %s, want %s", e.Code, got, e.Comeback)
		}
	}
}

func TestDigest_GoldenDigests(t *testing.T) {
	type entry struct {
		Kind, Digest string
		Of           json.RawMessage
	}
	for _, e := range golden[entry](t, "digests.json") {
		var got string
		switch e.Kind {
		case "view":
			var cards wire.Cards
			must(t, json.Unmarshal(e.Of, &cards))
			got = wire.Digest(cards)
		case "subjects":
			var subjects []floor.Subject
			must(t, json.Unmarshal(e.Of, &subjects))
			got = wire.SubjectsHash(subjects)
		case "payload":
			c, p := wire.DecodeCommand(append([]byte(`{"id":"c1",`), bytes.TrimSpace(e.Of)[1:]...))
			if p != nil {
				t.Fatal(p)
			}
			d := wire.PayloadDigest(c.Body)
			got = hex.EncodeToString(d[:])
		default:
			t.Fatalf("unknown kind %q", e.Kind)
		}
		if got != e.Digest {
			t.Errorf("%s of %s: %s, want %s", e.Kind, e.Of, got, e.Digest)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
