package surprise

// Touch reads a word of every 64 bytes of the state, so that what is not in a cache comes from memory side by side, where a judgement would wait for one
// after the other. Whoever judges several metrics together touches all of them first. What it returns says nothing.
//
//go:noinline
func (m *Metric) Touch() (sum int64) {
	sum = int64(m.Count) + int64(m.Outside) + int64(m.Day.Hour) + int64(m.Late[m.Count%wait*rowBytes])
	if m.Week != nil {
		sum += int64(m.Week.Hour)
	}
	for i := range m.Tails {
		sum += int64(m.Tails[i][0].Total) + int64(m.Tails[i][1].Total)
	}
	if m.Levels[slow].Mean == m.WithSeason && m.Records[1].Lasting == 1 {
		sum++
	}
	return sum
}

// Touch is the same for what judging a row at a time needs.
//
//go:noinline
func (r *Row) Touch(second int64) float32 {
	return r.Lately + float32(r.Daily.Codes[slotOf(second)]) + r.Daily.Peak
}
