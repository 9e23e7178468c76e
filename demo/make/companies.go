package main

import (
	"fmt"
	"slices"

	"github.com/matchfloor/matchfloor/floor"
)

// The sizes of the sample forum.
const (
	hosts   = 24 // Korean companies, each at its home table
	guests  = 36 // Chinese companies; the last one is on standby
	tables  = 26 // including two spare ones
	rounds  = 8
	resting = hosts / rounds // hosts without a meeting; others in each round
	playing = hosts - resting
)

// The companies that speak a second language, counted from 0. A meeting of companies
// with a common language needs no interpreter.
var (
	hostsEnglish  = []int{2, 5, 9, 14, 18, 22}
	guestsEnglish = []int{8, 15, 21, 29}
	guestsKorean  = []int{4, 11, 18, 25, 32}
)

func hostID(i int) floor.CompanyID  { return floor.CompanyID(fmt.Sprintf("k%02d", i+1)) }
func guestID(i int) floor.CompanyID { return floor.CompanyID(fmt.Sprintf("c%02d", i+1)) }
func tableID(i int) floor.TableID   { return floor.TableID(fmt.Sprintf("T%02d", i+1)) }

func companies() []floor.Company {
	var all []floor.Company
	for i, b := range koreanBrands {
		f := fields[i%len(fields)]
		c := floor.Company{
			ID: hostID(i), Country: "KR", Languages: []floor.Lang{"ko"}, HomeTable: tableID(i),
			Name: floor.Text{Ko: b.ko + f.ko, Zh: b.zh + f.zh, En: b.en + " " + f.en},
		}
		if slices.Contains(hostsEnglish, i) {
			c.Languages = append(c.Languages, "en")
		}
		all = append(all, c)
	}
	for i, b := range chineseBrands {
		f := fields[i%len(fields)]
		c := floor.Company{
			ID: guestID(i), Country: "CN", Languages: []floor.Lang{"zh"}, Standby: i == guests-1,
			Name: floor.Text{Ko: b.ko + " " + f.ko, Zh: b.zh + f.coZh, En: b.en + " " + f.en},
		}
		switch {
		case slices.Contains(guestsKorean, i):
			c.Languages = append(c.Languages, "ko")
		case slices.Contains(guestsEnglish, i):
			c.Languages = append(c.Languages, "en")
		}
		all = append(all, c)
	}
	return all
}

// attendees returns three people of every fourth host and of every sixth guest, and two
// of every other company: 132 in all.
func attendees() []floor.Attendee {
	var all []floor.Attendee
	add := func(of floor.CompanyID, people int, person func(int) floor.Text, titles []string) {
		for n := range people {
			all = append(all, floor.Attendee{
				ID: floor.AttendeeID(fmt.Sprintf("%s%c", of, 'a'+n)), Company: of, Name: person(len(all)), Title: titles[n],
			})
		}
	}
	for i := range hosts {
		add(hostID(i), 2+one(i%4 == 1), korean, koreanTitles)
	}
	for i := range guests {
		add(guestID(i), 2+one(i%6 == 2), chinese, chineseTitles)
	}
	return all
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// wishes returns one to three wishes of each company: for companies of its own field
// first, then of the next one.
func wishes() []floor.Wish {
	var all []floor.Wish
	for i := range hosts {
		for n := range 1 + i%3 {
			all = append(all, floor.Wish{From: hostID(i), To: guestID(alike(i, n, guests)), Priority: n + 1})
		}
	}
	for i := range guests {
		for n := range 1 + (i+1)%3 {
			all = append(all, floor.Wish{From: guestID(i), To: hostID(alike(i, n, hosts)), Priority: n + 1})
		}
	}
	return all
}

// alike returns the n-th choice of the i-th company among the companies of the other
// side, of which there are so many as of says.
func alike(i, n, of int) int {
	kind := (i + n/2) % len(fields)
	return kind + len(fields)*((i+i/len(fields)+n+1)%(of/len(fields)))
}
