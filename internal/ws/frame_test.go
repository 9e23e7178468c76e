package ws

import "testing"

// TestValidCloseCode_FollowsTheRegistry: a close frame may carry the codes of RFC 6455,
// section 7.4, and of the IANA registry of WebSocket close codes, and no other.
func TestValidCloseCode_FollowsTheRegistry(t *testing.T) {
	allowed := map[int]bool{}
	for _, r := range []struct{ from, to int }{
		{1000, 1003}, // normal, going away, protocol error, unsupported data
		{1007, 1011}, // invalid payload, policy, too big, missing extension, internal error
		{1012, 1014}, // registered later: restart, try again later, bad gateway
		{3000, 3999}, // registered with IANA by libraries and applications
		{4000, 4999}, // private use
	} {
		for code := r.from; code <= r.to; code++ {
			allowed[code] = true
		}
	}
	for code := 0; code <= 0xffff; code++ {
		if got := validCloseCode(code); got != allowed[code] {
			t.Errorf("validCloseCode(%d) = %t", code, got)
		}
	}
}
