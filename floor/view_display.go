package floor

import "strings"

func (s State) displayKeys(zone ZoneID) []CardKey {
	var keys []CardKey
	for _, t := range s.tables.Each() {
		if t.Zone == zone {
			keys = append(keys, boardKey(zone, t.ID))
		}
	}
	for _, m := range s.meetings.Each() {
		if s.zoneOf(m.Place) == zone {
			keys = append(keys, seatKey(zone, m.ID))
		}
	}
	return keys
}

func (s State) displayCard(zone ZoneID, kind, id string) (Card, bool) {
	_, own, ok := strings.Cut(id, ":")
	if !ok || id != string(zone)+":"+own {
		return nil, false
	}
	switch kind {
	case "board":
		t, ok := s.tables.Get(TableID(own))
		return BoardCard{t.Label, t.Closed}, ok && t.Zone == zone
	case "seat":
		m, ok := s.meetings.Get(MeetingID(own))
		if !ok || !s.Released() || zone == "" || s.zoneOf(m.Place) != zone {
			return nil, false
		}
		return SeatCard{
			Round: m.Place.Round, Table: m.Place.Table, Label: s.tables.At(m.Place.Table).Label,
			Host: s.companies.At(m.Host.Company).Name, Guest: s.companies.At(m.Guest.Company).Name,
			Interpreted: m.Interpreter != "", MovedAt: m.MovedAt, Cancelled: m.Cancelled,
		}, true
	}
	return nil, false
}
