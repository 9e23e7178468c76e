package compare

import "testing"

func TestRun_ReportsRatioAndMemory(t *testing.T) {
	var kept []byte
	result := testing.Benchmark(func(b *testing.B) {
		Run(b, func() { kept = make([]byte, 64<<10) }, func() { kept = make([]byte, 64) })
	})
	if ratio := result.Extra["ours/other"]; ratio < 2 {
		t.Errorf("64 KB take %v of the time of 64 bytes", ratio)
	}
	if ours, other := result.Extra["ours-B"], result.Extra["other-B"]; ours < 64<<10 || other < 64 || other > 1<<10 {
		t.Errorf("%v and %v bytes allocated, want 64 KB and 64 bytes", ours, other)
	}
	_ = kept
}

func TestHeld_CountsWhatIsKeptOnly(t *testing.T) {
	var dropped []byte
	held := Held(func() any {
		for range 8 {
			dropped = make([]byte, 1<<20)
		}
		dropped = nil
		return make([]byte, 2<<20)
	})
	if held < 2<<20-64<<10 || held > 3<<20 {
		t.Errorf("%v bytes are held, want 2 MB", held)
	}
	_ = dropped
}
