package reply

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/internal/golden"
	"github.com/matchfloor/matchfloor/wire"
)

// TestHTTP_IsAsPublished pins the status of every code.
func TestHTTP_IsAsPublished(t *testing.T) {
	var statuses []string
	for _, code := range slices.Concat(wire.Codes(), Codes(), golden.Constants(t, "../../floor")[reflect.TypeFor[floor.Code]().Name()]) {
		statuses = append(statuses, fmt.Sprintf("%s %d", code, StatusOf(code)))
	}
	slices.Sort(statuses)
	golden.Compare(t, "testdata/http.txt", golden.Block("codes", slices.Compact(statuses)))
}
