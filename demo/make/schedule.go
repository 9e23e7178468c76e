package main

import (
	"fmt"
	"slices"

	"github.com/matchfloor/matchfloor/floor"
)

// seat is one meeting of a round: a host at its home table and its guest, both
// counted from 0.
type seat struct{ host, guest int }

// schedule answers who meets whom in each round. Every host rests once, three in
// a round and one of them in each zone; every guest but the standby one has four
// or five meetings; nobody meets the same company twice; three meetings of each
// round need no interpreter. Wishes are followed as far as that allows.
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

// seatOf answers the meeting that a wish asks for, whoever asks.
func seatOf(w floor.Wish) seat {
	from, to := string(w.From), string(w.To)
	if from[0] == 'c' {
		from, to = to, from
	}
	var s seat
	fmt.Sscanf(from, "k%d", &s.host) // both forms are this program's own
	fmt.Sscanf(to, "c%d", &s.guest)
	s.host--
	s.guest--
	return s
}

// fit answers what a meeting costs: nothing if both wish it, more the farther
// their fields are.
func fit(s seat, wanted int) int {
	apart := (s.guest - s.host) % len(fields)
	if apart < 0 {
		apart += len(fields)
	}
	return 100 - 15*wanted + 3*min(apart, len(fields)-apart)
}

// mustNotMeet keeps two kinds of meetings out: of companies that both speak
// English, which would need no interpreter, and at table 12 in the first round
// one that needs none, because an interpreter is asked for there.
func mustNotMeet(s seat, round int) bool {
	if slices.Contains(hostsEnglish, s.host) && slices.Contains(guestsEnglish, s.guest) {
		return true
	}
	return round == 0 && s.host == 11 && slices.Contains(guestsKorean, s.guest)
}

// hostsOf answers who receives in a round: all but every eighth.
func hostsOf(round int) []int {
	var all []int
	for h := range hosts {
		if h%rounds != round {
			all = append(all, h)
		}
	}
	return all
}

// guestsOf answers who comes in a round: three that speak Korean and eighteen
// that do not, in turn.
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

// meetings makes the schedule's meetings, with an interpreter for each that needs
// one: as often as possible the one who was at that table before.
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

// interpretersFor gives each meeting an interpreter: near the table where they
// were, and of the field if one is near.
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
