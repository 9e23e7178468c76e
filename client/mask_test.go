package client

import (
	"math/rand"
	"testing"
)

// The advisory GO-2026-6278 is about the mask keys of gorilla/websocket, which are drawn from
// math/rand: a seed that is known makes them predictable. Nothing can set that seed: since
// Go 1.24, Seed does nothing unless GODEBUG asks for it, and without a seed the runtime draws
// from ChaCha8, seeded by the operating system. SECURITY.md relies on that.
func TestMaskKeys_CannotBeSeeded(t *testing.T) {
	for seed := range int64(8) {
		predicted := rand.New(rand.NewSource(seed))
		//lint:ignore SA1019 that it does nothing is what is tested
		rand.Seed(seed)
		same := 0
		for range 4 {
			if rand.Uint32() == predicted.Uint32() {
				same++
			}
		}
		if same == 4 {
			t.Fatalf("the seed %d predicts the mask keys: GODEBUG has randseednop=0 or randautoseed=0", seed)
		}
	}
}
