//go:build linux

package loadtest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// heldView is the position and digest of a client's view.
type heldView struct {
	at     journal.Position
	digest string
}

// settleTimeout is how long views that the server keeps changing are compared again: it logs
// deliveries, and time itself changes something now and then. Views are compared at equal
// positions only.
const settleTimeout = time.Minute

// check implements target. Every phone and console pings, which brings its view up to the
// head of the log; then the views are compared with the server's.
func (s *floorTarget) check(ctx context.Context, l *pool) (d viewChecks, err error) {
	open := l.phones
	for end := time.Now().Add(settleTimeout); len(open) > 0; {
		if _, _, err := l.await(ctx, open, func(p *phone) { l.pingNow(p) }, func(p *phone) bool {
			return p.state == live && p.lastPong == p.lastPing && p.lastPing > 0
		}); err != nil {
			return d, fmt.Errorf("the last pings of the phones: %w", err)
		}
		wrong, moved, err := s.compareViews(ctx, l, open)
		if err != nil {
			return d, err
		}
		d.Checked += len(open) - len(moved)
		d.Wrong += wrong
		if open = moved; time.Now().After(end) {
			s.log.Error("the server's position does not settle", "phones", len(open))
			d.Checked, d.Wrong = d.Checked+len(open), d.Wrong+len(open)
			break
		}
	}
	return s.checkConsoles(ctx, d)
}

// compareViews returns how many phones' views differ from the server's, and the phones whose
// position differs, which cannot be compared yet.
func (s *floorTarget) compareViews(ctx context.Context, l *pool, phones []*phone) (wrong int, moved []*phone, err error) {
	here := make([]heldView, len(phones))
	var folding error
	if err := l.onLoop(ctx, func() {
		for i, p := range phones {
			cards, err := p.materialize()
			folding = errors.Join(folding, err)
			here[i] = heldView{p.at, wire.Digest(cards)}
		}
	}); err != nil || folding != nil {
		return 0, nil, errors.Join(err, folding)
	}
	var differ atomic.Int64
	elsewhere := make([]bool, len(phones))
	err = forEach(ctx, len(phones), func(ctx context.Context, i int) error {
		there, err := s.viewAPI.view(ctx, s.event, phones[i].token)
		if err != nil {
			return fmt.Errorf("fetch the server's view: %w", err)
		}
		switch {
		case there.at != here[i].at:
			elsewhere[i] = true
		case there.digest != here[i].digest:
			differ.Add(1)
			s.log.Error("a phone's view differs from the server's", "who", phones[i].who, "at", there.at)
		}
		return nil
	})
	for i, is := range elsewhere {
		if is {
			moved = append(moved, phones[i])
		}
	}
	return int(differ.Load()), moved, err
}

func (s *floorTarget) checkConsoles(ctx context.Context, d viewChecks) (viewChecks, error) {
	for i, c := range s.consoles {
		d.Checked++
		for end := time.Now().Add(settleTimeout); ; {
			if _, err := c.Sync(ctx); err != nil {
				return d, fmt.Errorf("the last ping of a console: %w", err)
			}
			there, err := s.commandAPI.view(ctx, s.event, s.tokens[i])
			if err != nil {
				return d, fmt.Errorf("fetch the server's view for a console: %w", err)
			}
			v := c.View()
			if v.At == there.at && v.Digest() == there.digest {
				break
			}
			if v.At == there.at || time.Now().After(end) {
				s.log.Error("a console's view differs from the server's", "who", c.You().Who, "at", v.At, "server", there.at)
				d.Wrong++
				break
			}
		}
	}
	return d, nil
}
