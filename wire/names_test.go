package wire_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/floor"
	names "github.com/matchfloor/matchfloor/internal/golden"
	"github.com/matchfloor/matchfloor/wire"
)

// TestFrames_AreAsPublished pins the kinds of frames with the names and the kinds of their JSON
// fields, and the names in a command's envelope, which is written by hand.
func TestFrames_AreAsPublished(t *testing.T) {
	command := reflect.TypeFor[wire.Command]()
	base := uint64(1)
	envelope := wire.EncodeCommand(wire.Command{ID: "a", Base: &base, After: []string{"b"}, Until: 2, Body: floor.ReleaseSchedule{}})
	var given []string
	for _, kind := range floor.CommandKinds() {
		if _, p := wire.DecodeCommand(fmt.Appendf(nil, `{"id":"a",%q:{}}`, kind)); p == nil || p.Code != wire.CodeUnknownCommand {
			given = append(given, string(kind))
		}
	}
	names.Compare(t, "testdata/names.txt", fmt.Sprintf("version %d\n", wire.Version)+
		names.Block("from a client", names.Fields(reflect.TypeFor[wire.ClientFrame](), command))+
		names.Block("command", []string{string(envelope)})+
		names.Block("commands that clients give", given)+
		names.Block("from a server", names.Fields(reflect.TypeFor[wire.ServerFrame]())))
}

// TestCodes_AreAsPublished pins the protocol's codes, the values of "why", the close codes with
// what a client does after each, and which codes say that a command may be sent again.
func TestCodes_AreAsPublished(t *testing.T) {
	constants := names.Constants(t, ".")
	var codes, closes []string
	for _, code := range wire.Codes() {
		if wire.Retry(code) {
			code += " retry"
		}
		codes = append(codes, code)
	}
	for _, code := range constants[reflect.TypeFor[wire.CloseCode]().Name()] {
		var n wire.CloseCode
		if _, err := fmt.Sscan(code, &n); err != nil {
			t.Fatal(err)
		}
		closes = append(closes, fmt.Sprintf("%d %s", n, n.Comeback()))
	}
	why := slices.DeleteFunc(constants[""], func(text string) bool { return strings.Trim(text, "0123456789 <") == "" })
	if len(closes) < 14 || len(why) < 7 {
		t.Fatalf("%d close codes, %d values of why", len(closes), len(why))
	}
	names.Compare(t, "testdata/codes.txt", names.Block("codes", codes)+names.Block("why", why)+
		names.Block("close codes", closes)+names.Block("comebacks", constants[reflect.TypeFor[wire.ReconnectPolicy]().Name()]))
}
