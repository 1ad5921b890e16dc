package surprise

// Touch reads a word of every 64 bytes of the state, so that what is not in a cache comes from memory side by side, where a judgement would wait for one
// after the other. Whoever judges several metrics together touches all of them first. What it returns says nothing.
//
//go:noinline
func (m *Metric) Touch() (sum int64) {
	sum = int64(m.Count) + int64(m.Outside)
	for i := 0; i < wait; i += 8 {
		sum += int64(m.Waiting[i][0])
	}
	sum += m.Day.Start + int64(m.Day.Hour)
	if m.Week != nil {
		sum += m.Week.Start + int64(m.Week.Hour)
	}
	for i := range m.Tails {
		sum += int64(m.Tails[i][0].Total) + int64(m.Tails[i][1].Total)
	}
	if m.Levels[2].Mean == m.Raw.Weight && m.Average[1].Mean == m.Held && m.Records[1].Peak == 1 {
		sum++
	}
	return sum
}

// Touch is the same for what judging a row at a time needs.
//
//go:noinline
func (r *Row) Touch(second int64) float32 {
	return r.Lately + float32(r.Daily.Peaks[slotOf(second)]) + r.Daily.Peak
}
