package workbook

import (
	"reflect"
	"testing"

	"github.com/matchfloor/matchfloor/internal/golden"
)

// TestCodes_AreAsPublished pins the codes of faults and the JSON fields of a fault.
func TestCodes_AreAsPublished(t *testing.T) {
	codes := golden.Constants(t, ".")[reflect.TypeFor[Code]().Name()]
	if len(codes) < 45 {
		t.Fatalf("%d codes", len(codes))
	}
	golden.Compare(t, "testdata/codes.txt", golden.Block("fault", golden.Fields(reflect.TypeFor[Fault]()))+golden.Block("codes", codes))
}
