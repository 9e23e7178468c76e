package main

import (
	"fmt"
	"slices"

	"github.com/matchfloor/matchfloor/floor"
)

// seat is one meeting of a round: a host at its home table and its guest, both
// counted from 0.
type seat struct{ host, guest int }

// schedule returns the meetings of each round. Every host has one round without a
// meeting: three hosts a round, one in each zone. Every guest except the standby one has
// four or five meetings. No two companies meet twice. Three meetings of each round need
// no interpreter. Within these rules the wishes count.
func schedule(wishes []floor.Wish) ([rounds][]seat, error) {
	wanted := map[seat]int{}
	for _, w := range wishes {
		wanted[seatOf(w)] += 4 - w.Priority
	}
	var all [rounds][]seat
	met := map[seat]bool{}
	for r := range rounds {
		hostsNow, guestsNow := hostsOf(r), guestsOf(r)
		cost := make([][]int, playing)
		for i, h := range hostsNow {
			cost[i] = make([]int, playing)
			for j, g := range guestsNow {
				s := seat{h, g}
				cost[i][j] = fit(s, wanted[s])
				if met[s] || mustNotMeet(s, r) {
					cost[i][j] = impossible
				}
			}
		}
		for i, j := range cheapest(cost) {
			if cost[i][j] == impossible {
				return all, fmt.Errorf("round %d: no partner is left for host %d", r+1, hostsNow[i]+1)
			}
			s := seat{hostsNow[i], guestsNow[j]}
			met[s] = true
			all[r] = append(all[r], s)
		}
	}
	return all, nil
}

// seatOf returns the meeting that a wish asks for, from either side.
func seatOf(w floor.Wish) seat {
	from, to := string(w.From), string(w.To)
	if from[0] == 'c' {
		from, to = to, from
	}
	var s seat
	fmt.Sscanf(from, "k%d", &s.host) // this program made the ids
	fmt.Sscanf(to, "c%d", &s.guest)
	s.host--
	s.guest--
	return s
}

// fit returns the cost of a meeting: less if it is wanted, more the farther apart the
// fields of the two companies are.
func fit(s seat, wanted int) int {
	apart := (s.guest - s.host) % len(fields)
	if apart < 0 {
		apart += len(fields)
	}
	return 100 - 15*wanted + 3*min(apart, len(fields)-apart)
}

// mustNotMeet excludes two kinds of meetings without an interpreter: of companies that
// both speak English, and any at table 12 in the first round, where the acceptance day
// requests an interpreter.
func mustNotMeet(s seat, round int) bool {
	if slices.Contains(hostsEnglish, s.host) && slices.Contains(guestsEnglish, s.guest) {
		return true
	}
	return round == 0 && s.host == 11 && slices.Contains(guestsKorean, s.guest)
}

// hostsOf returns the hosts with a meeting in a round: all except every eighth.
func hostsOf(round int) []int {
	var all []int
	for h := range hosts {
		if h%rounds != round {
			all = append(all, h)
		}
	}
	return all
}

// guestsOf returns the guests of a round: in turn, three that speak Korean and eighteen
// that do not.
func guestsOf(round int) []int {
	var others, now []int
	for g := range guests - 1 {
		if !slices.Contains(guestsKorean, g) {
			others = append(others, g)
		}
	}
	for n := range 3 {
		now = append(now, guestsKorean[(round*3+n)%len(guestsKorean)])
	}
	for n := range playing - 3 {
		now = append(now, others[(round*(playing-3)+n)%len(others)])
	}
	slices.Sort(now)
	return now
}

// interpreted reports whether a meeting needs Korean–Chinese.
func interpreted(s seat) bool { return !slices.Contains(guestsKorean, s.guest) }

// meetings returns the schedule's meetings, each with an interpreter if it needs one: if
// possible the one who was at that table before.
func meetings(all [rounds][]seat, company map[floor.CompanyID][]floor.AttendeeID) []floor.Meeting {
	var out []floor.Meeting
	last := make([]int, assigned) // the table at which each interpreter was, from 0
	for i := range last {
		last[i] = i * hosts / assigned
	}
	for r, seats := range all {
		var needing []seat
		for _, s := range seats {
			if interpreted(s) {
				needing = append(needing, s)
			}
		}
		who := interpretersFor(needing, last)
		for _, s := range seats {
			m := floor.Meeting{
				ID:    floor.MeetingID(fmt.Sprintf("m%03d", len(out)+1)),
				Place: floor.Place{Round: roundID(r), Table: tableID(s.host)},
				Host:  floor.Party{Company: hostID(s.host), People: company[hostID(s.host)], Presence: floor.Expected},
				Guest: floor.Party{Company: guestID(s.guest), People: company[guestID(s.guest)], Presence: floor.Expected},
			}
			if i, ok := who[s]; ok {
				m.Pair, m.Interpreter = "ko-zh", interpreterID(i)
				last[i] = s.host
			}
			out = append(out, m)
		}
	}
	return out
}

// interpretersFor assigns an interpreter to each meeting: one who was at a near table
// before, and who knows the host's field if possible. last is where each was.
func interpretersFor(needing []seat, last []int) map[seat]int {
	cost := make([][]int, len(needing))
	for n, s := range needing {
		cost[n] = make([]int, len(needing))
		for i := range needing {
			apart := max(s.host-last[i], last[i]-s.host)
			cost[n][i] = apart * apart
			if !slices.Contains(skillsOf(i), fields[s.host%len(fields)].skill) {
				cost[n][i] += 6
			}
		}
	}
	who := map[seat]int{}
	for n, i := range cheapest(cost) {
		who[needing[n]] = i
	}
	return who
}
