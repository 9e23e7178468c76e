package server

import (
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/server/limit"
)

// The rates per link. They are not per address, because a whole venue may share
// one. Those of sign-ins are in package auth, that of visits in package fallback.
var (
	rateStaff   = limit.Rate{PerSecond: 100, Burst: 300}     // commands of organisers, moderators and runners
	rateOthers  = limit.Rate{PerSecond: 2, Burst: 30}        // commands of everyone else
	rateReads   = limit.Rate{PerSecond: 2, Burst: 20}        // snapshots and lists
	rateLive    = limit.Rate{PerSecond: 1, Burst: 20}        // handshakes of the live connection
	rateUploads = limit.Rate{PerSecond: 1.0 / 10, Burst: 5}  // workbooks
	rateExports = limit.Rate{PerSecond: 1.0 / 30, Burst: 10} // lists of links, each of which leaves a record
)

// maxTurnedAway is how many connections at a time are accepted only to say why they
// are not admitted.
const maxTurnedAway = 256

// maxSentBack is how many of them may be of one link.
const maxSentBack = 16

// limits are the bounds of a server. The limiters count by auth.Caller.RateKey.
type limits struct {
	staff, others, reads, live, uploadRate, exports *limit.Limiter

	sockets    *limit.Semaphore // live connections, in all and by RateKey
	turnedAway *limit.Semaphore // connections without a credential that are only told why they are not admitted
	sentBack   *limit.Semaphore // those with a credential, also by RateKey: nobody without one takes their places
	uploads    *limit.Semaphore // workbooks that are being read
	requests   *limit.Semaphore // API requests
}

func newLimits(o Options) *limits {
	limiter := func(r limit.Rate) *limit.Limiter { return limit.NewLimiter(r, o.now) }
	return &limits{
		staff: limiter(rateStaff), others: limiter(rateOthers), reads: limiter(rateReads), live: limiter(rateLive),
		uploadRate: limiter(rateUploads), exports: limiter(rateExports),
		sockets:    limit.NewSemaphore(o.MaxSockets, o.MaxLinkSockets),
		turnedAway: limit.NewSemaphore(maxTurnedAway, maxTurnedAway),
		sentBack:   limit.NewSemaphore(maxTurnedAway, maxSentBack),
		uploads:    limit.NewSemaphore(o.MaxUploads, o.MaxUploads),
		requests:   limit.NewSemaphore(o.MaxRequests, o.MaxRequests),
	}
}

// commands returns the limiter of a role's commands, whichever way they come.
func (l *limits) commands(role floor.Role) *limit.Limiter {
	switch role {
	case floor.RoleOrganiser, floor.RoleModerator, floor.RoleRunner:
		return l.staff
	}
	return l.others
}

// placesToReject returns what bounds the connections that are only told why they are not
// admitted. key is "" without a valid credential.
func (l *limits) placesToReject(key string) *limit.Semaphore {
	if key == "" {
		return l.turnedAway
	}
	return l.sentBack
}
