package floor

func (s State) everyoneKeys() []CardKey {
	keys := []CardKey{"clock/clock"}
	if s.event.ID != "" {
		keys = append(keys, CardKey("event/"+s.event.ID))
	}
	keys = appendKeys(keys, "round", s.rounds)
	keys = appendKeys(keys, "item", s.items)
	keys = appendKeys(keys, "zone", s.zones)
	return appendKeys(keys, "announcement", s.announcements)
}

func (s State) everyoneCard(kind, id string) (Card, bool) {
	switch kind {
	case "clock":
		clock := s.clock
		clock.Rate = max(clock.Rate, 1)
		return ClockCard{clock}, id == "clock"
	case "event":
		e := s.event
		return EventCard{e.Name, e.TimeZone, e.Place, e.GraceMin, e.Version, e.ReleasedAt}, id != "" && e.ID == EventID(id)
	case "round":
		r, ok := s.rounds.Get(RoundID(id))
		return RoundCard{No: r.No, SlotCard: r.card(), Left: r.Left}, ok
	case "item":
		i, ok := s.items.Get(ItemID(id))
		i.State = s.itemState(i)
		return ItemCard{Kind: i.Kind, Name: i.Name, SlotCard: i.card(), Place: i.Place}, ok
	case "zone":
		z, ok := s.zones.Get(ZoneID(id))
		return ZoneCard{z.Name}, ok
	case "announcement":
		a, ok := s.announcements.Get(AnnouncementID(id))
		return AnnouncementCard{a.Text, a.At, a.Until}, ok
	}
	return nil, false
}

// itemState returns the state of an item. That of a matching session follows from its rounds.
func (s State) itemState(i Item) SlotState {
	if i.Kind != ItemMatching {
		return i.State
	}
	rounds, started, ended := 0, 0, 0
	for _, r := range s.rounds.Each() {
		if !i.Plan.Contains(r.Plan.Start) {
			continue
		}
		rounds++
		if r.State == StateRunning || r.State == StateEnded {
			started++
		}
		if r.State == StateEnded {
			ended++
		}
	}
	switch {
	case started == 0:
		return StatePlanned
	case ended < rounds:
		return StateRunning
	}
	return StateEnded
}
