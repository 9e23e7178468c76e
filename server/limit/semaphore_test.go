package limit

import "testing"

func TestSemaphore_BoundsAllAndEachKey(t *testing.T) {
	s := NewSemaphore(3, 2)
	first, full, keyFull := s.AcquireFunc("a")
	if first == nil || full || keyFull {
		t.Fatal("the first is refused")
	}
	s.AcquireFunc("a")
	if release, _, keyFull := s.AcquireFunc("a"); release != nil || !keyFull {
		t.Error("a third of the same key is acquired")
	}
	s.AcquireFunc("b")
	if release, full, _ := s.AcquireFunc("c"); release != nil || !full {
		t.Error("a fourth of all is acquired")
	}
	first()
	if release, full, _ := s.AcquireFunc("c"); release == nil || full {
		t.Error("what was released cannot be acquired")
	}
	if s.InUse() != 3 {
		t.Errorf("%d in use, want 3", s.InUse())
	}
}
