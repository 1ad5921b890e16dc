package surprise

import "math"

const (
	// settled is after how many readings levels take in what is within levelLimit spreads only, so that an incident moves them slowly.
	settled    = 60
	levelLimit = 4.0
	// outside is the surprise from which on a reading is kept out of what is usual.
	outside = 2.8
	// backLimit is how many usual deviations from the level a reading may be to end what was outside.
	backLimit = 2.0
	// knownLimit is how many usual deviations a reading may be from a former level to be no surprise.
	knownLimit = 3.0
	// mostFormer is the most readings that a former level is known for.
	mostFormer = 1_000_000
	// comeBack is how many readings outside one that is not weighs up.
	comeBack = 2
	// EventWeight is how many deviations what was outside counts for in the tails, by default, however long it was.
	EventWeight = 4
	// mostGrowth bounds by how much deviations are taken to grow with a level that is learned at once,
	mostGrowth = 1000.0
	// and newWeight is how many readings such a level counts for.
	newWeight = 8.0
	// noiseOfChange is the mean distance from the level of what has a median change of 1, where readings are independent and normal.
	noiseOfChange = 0.84
	// mostNoise is by how much what was outside may vary more than what was usual, and the record of that still tells of it.
	mostNoise = 4
	// unseasonal: so many deviations without a season weigh as much as one from the season, once it is known.
	unseasonal = 4
	// mostApart is by how many spreads a reading may tell the difference between two seasons otherwise than their levels do.
	mostApart = 6
)

// Patience is after how many readings outside, by default, a new level is taken for usual: those of three and a half hours.
func Patience(step float64) int32 { return int32(max(20, min(1e6, math.Ceil(12600/step)))) }

// Handling says how a reading is learned.
type Handling struct {
	Out      bool  // it is kept out of what is usual
	Patience int32 // after so many readings outside their level is usual from then on
	// Weight is how many deviations what was outside counts for in the tails when it is over, however long it was.
	Weight float64
}

// Learn takes in a reading that was judged and that nothing has followed yet. One that is kept out moves no level and no spread: what
// is outside is one event, which goes into the record when it is over. learned says that the level of what was outside is usual from now on.
func (m *Metric) Learn(j *Judgement, h Handling) (learned bool) {
	out := h.Out
	m.countNothing(j)
	if j.goesOn {
		m.record(j, out)
		m.Short = j.short
	} else {
		m.restart(j.y) // what is short has passed
	}
	m.age(out, h.Patience)
	if out && m.Outside > 0 {
		m.Held += max(1/float32(m.Outside), heldGain) * (j.y - m.Held)
	}
	m.follow(j, out)
	switch {
	case out && m.Outside >= h.Patience:
		m.move(j, h.Weight)
		learned = true
	case !out && m.Outside > 0:
		if m.Outside = max(0, m.Outside-comeBack); m.Outside == 0 {
			m.Held = 0
			m.conclude(h.Weight)
		}
	case !out && m.Farthest[0] != 0:
		m.conclude(h.Weight)
	}
	if m.known(j) && abs(m.Short[1]-m.Held) < abs(m.Short[1]-m.Levels[middle].Mean) {
		m.comeHome(j)
	}
	m.Last, m.Second = j.y, j.second
	m.Count++
	m.choose(j)
	return learned
}

// Over ends what was outside until now: it goes into the record as one event, which counts for so many deviations, and what is outside from now on is another.
func (m *Metric) Over(weight float64) {
	if m.Outside > 0 {
		m.Outside, m.Held = 0, 0
		m.conclude(weight)
	}
}

// Pass takes in a reading of an incident that was told of, though it is not outside: what is short follows it, and nothing else does, so that what is mild and
// lasts does not explain itself. When it is over it goes into the record as one event.
func (m *Metric) Pass(j *Judgement) {
	m.countNothing(j)
	if j.goesOn {
		m.Short = j.short
		m.farthest(j)
	} else {
		m.restart(j.y)
	}
	m.Last, m.Second = j.y, j.second
}

// farthest takes the deviations of a reading that is kept out into the greatest of its event.
func (m *Metric) farthest(j *Judgement) {
	for i, at := range &j.at {
		if at.beyond(m.Farthest[i]) {
			m.Farthest[i] = at
		}
	}
}

// heldGain is the weight of the newest reading in the level of those outside.
const heldGain = 0.1

// restart sets what is short to a level.
func (m *Metric) restart(y float32) {
	m.Last, m.Short = y, [3]float32{y, y, y}
}

// record takes the deviations that have waited into the tails, and lets those of the reading wait.
func (m *Metric) record(j *Judgement, out bool) {
	digits, gain := m.Late.row(m.Count), float32(0)
	if isOutside(digits) {
		digits = 0
	}
	if !out {
		m.SizeWeight += sizeAlpha * (1 - m.SizeWeight)
		gain = sizeAlpha / m.SizeWeight
	}
	for i := range m.Sizes {
		m.add(i, Place(digits%places), unit)
		digits /= places
		if out {
			continue
		}
		size := math.Abs(j.Deviations[i])
		if most := 10 * m.usual(Scale(i), j.Spread); size > most && m.Count > started {
			size = most
		}
		m.Sizes[i] += gain * (float32(size) - m.Sizes[i])
	}
	if out {
		m.farthest(j)
		m.Late.putOutside(m.Count, j.at[Change])
	} else {
		m.Late.put(m.Count, j.at)
	}
	if m.Count > settled {
		d, usual := j.Deviations[Reading], m.usual(Reading, j.Spread)
		m.Records[0].learn(d, usual)
		m.Records[1].learn(-d, usual)
	}
}

// add takes what waited at a place into a scale's tail.
func (m *Metric) add(scale int, at Place, units uint16) {
	if at != 0 {
		below, bucket := at.in()
		m.Tails[scale][below].add(int(bucket), units, m.chance(scale))
	}
}

// chance is as good as a random number, and the same for the same state: Fibonacci hashing of the readings so far (Knuth 6.4).
func (m *Metric) chance(scale int) uint16 {
	return uint16((m.Count*uint32(NumScales) + uint32(scale)) * 2654435769 >> 16)
}

// follow takes a reading into the levels and seasons.
func (m *Metric) follow(j *Judgement, out bool) {
	if out {
		return
	}
	spread := float32(j.Spread)
	if m.Count > 0 {
		m.Spread.update(spreadAlpha, min(abs(j.y-m.Levels[quick].Mean), 8*spread))
	}
	within := levelLimit * spread
	if m.Count <= settled {
		within = math.MaxFloat32
	}
	m.Levels[quick].updateWithin(levelAlphas[quick], j.y, within)
	gain := m.Levels[middle].updateWithin(levelAlphas[middle], j.y, within)
	m.Levels[slow].updateWithin(levelAlphas[slow], j.y, within)
	distance := abs(j.x - m.WithSeason)
	for i := range m.seasons() {
		m.season(i).learn(j, i, distance, m.Step)
	}
	if m.Week == nil && int32((j.second+mondays)/3600)-m.Day.Since >= dayHours {
		m.Week = new(Week)
		m.season(1).clear()
	}
	if m.Season == none {
		m.WithSeason = m.Levels[middle].Mean
	} else {
		m.WithSeason += gain * (j.x - m.WithSeason)
	}
	m.Height.update(heightAlpha, abs(j.x))
}

// conclude puts what was kept out on record, as one event.
func (m *Metric) conclude(weight float64) {
	for i, at := range m.Farthest {
		m.add(i, at, uint16(weight*unit))
		m.Farthest[i] = 0
	}
}

// former is for how many readings the level before one that was learned is known: those of a week.
func (m *Metric) former() int32 { return int32(max(1, min(mostFormer, 7*day/m.step()))) }

// age counts a reading: of those outside, or of those for which a former level is known. That is forgotten the sooner where yet another comes up.
func (m *Metric) age(out bool, patience int32) {
	switch {
	case m.Outside >= 0 && out:
		m.Outside++
	case m.Outside < 0:
		by := int32(1)
		if out {
			by = max(1, 2*m.former()/max(1, patience))
		}
		if m.Outside = min(0, m.Outside+by); m.Outside == 0 {
			m.Held = 0
		}
	}
}

// grown is by how much deviations at the former level are taken to be greater than now: by as much as the level is, but by no more than they can have shrunk
// since, with their half-life.
func (m *Metric) grown(j *Judgement, halfLife float64) float64 {
	was, now := m.heights(j)
	return max(1, min(now/was, math.Exp2(float64(m.former()+m.Outside)/halfLife)))
}

// heights are those of the level and of the one that is held, with the season that a reading has.
func (m *Metric) heights(j *Judgement) (level, held float64) {
	season := float64(j.x - j.y)
	return math.Abs(m.Level() + season), math.Abs(float64(m.Held) + season)
}

// unshaped is by how much deviations are greater without the season that is used: another level need not have its shape.
func (m *Metric) unshaped() float64 {
	if m.Season == none {
		return 1
	}
	return 1 / max(float64(m.season(int(m.Season)).share()), 1/mostGrowth)
}

// comeHome makes the former level the usual one again, with deviations as great as they were then, as far as can be told.
func (m *Metric) comeHome(j *Judgement) {
	growth := m.grown(j, 2000) / m.unshaped()
	for i := range m.Sizes {
		m.Sizes[i] *= float32(growth)
	}
	m.Spread.Mean *= float32(m.grown(j, 300) / m.unshaped())
	if was, now := m.heights(j); now < was {
		for i := range m.Records {
			m.Records[i].scale(max(now/was, 1/mostGrowth))
		}
	}
	for i := range m.Levels {
		m.Levels[i].Mean = m.Held
	}
	m.WithSeason = m.withSeason(m.Held)
	m.restart(m.Held)
	m.Outside, m.Held = 0, 0
}

// withSeason is a level with what the season that is used adds to it, on average over the hours that were seen.
func (m *Metric) withSeason(level float32) float32 {
	if m.Season == none {
		return level
	}
	s, sum, seen := m.season(int(m.Season)), float32(0), float32(0)
	for hour := range s.codes {
		if mean := s.mean(hour); mean == mean {
			sum, seen = sum+mean, seen+1
		}
	}
	return level + sum/max(seen, 1)
}

// move makes the level of what was outside the usual one. Deviations are taken to grow with it, as it is with its season, but not to shrink. A flat line tells nothing of them: they are
// learned anew. So they are where readings outside varied much more than
// usual, by as much as they did.
func (m *Metric) move(j *Judgement, weight float64) {
	was, now := m.heights(j)
	before := m.Levels[middle].Mean
	growth := 1.0
	if now > was {
		growth = min(mostGrowth, now/was)
	}
	growth = max(growth, m.unshaped())
	noise := noiseOfChange * m.Late.change() * m.usual(Change, j.Spread)
	noisy := noise > mostNoise*growth*j.Spread
	if noisy || m.Spread.Mean <= sizeFloor*spreadFloor*m.Height.Mean {
		m.Tails = [NumScales][2]Tail{}
		m.SizeWeight = min(m.SizeWeight, newWeight*sizeAlpha)
		m.Spread.Weight = min(m.Spread.Weight, newWeight*spreadAlpha)
	}
	if noisy { // the greatest excursions are of that already; its event would be in units of what was usual before
		growth, m.Spread.Mean, m.Farthest = 1, float32(noise), [NumScales]Place{}
	}
	for i := range m.Levels {
		m.Levels[i].Mean = m.Held
		m.Levels[i].Weight = min(m.Levels[i].Weight, newWeight*levelAlphas[i])
	}
	m.restart(m.Held)
	m.WithSeason = m.withSeason(m.Held)
	m.Spread.Mean *= float32(growth)
	for i := range m.Sizes {
		m.Sizes[i] *= float32(growth)
	}
	for i := range m.Records {
		m.Records[i].scale(growth)
	}
	m.conclude(weight)
	m.Outside, m.Held = -m.former(), before
}

// choose looks which season leaves least of the readings, if one does. When it is another than before, the levels move by the
// difference, which a reading that one of the two does not explain cannot tell: that waits for another.
func (m *Metric) choose(j *Judgement) {
	now, least := int8(none), float32(better)
	for i := range m.seasons() {
		if !j.knowns[i] {
			continue
		}
		share := m.season(i).share()
		if int8(i) == m.Season {
			share /= hysteresis
		}
		if share < least {
			least, now = share, int8(i)
		}
	}
	if now == m.Season {
		return
	}
	by := j.left(now) - j.left(m.Season)
	if abs(by-(m.levelWithout(now)-m.levelWithout(m.Season))) > mostApart*float32(j.Spread) {
		return
	}
	if m.Season == none {
		m.forget()
	}
	m.Season = now
	for i := range m.Levels {
		m.Levels[i].Mean += by
	}
	for i := range m.Short {
		m.Short[i] += by
	}
	m.Last += by
	if m.Held += by; m.Outside < 0 { // a level without another season tells nothing of those with this one
		m.Outside, m.Held = 0, 0
	}
}

// forget takes most of what was seen without a season from the record: a peak that the season explains now was a deviation then.
func (m *Metric) forget() {
	for i := range m.Tails {
		for k := range m.Tails[i] {
			m.Tails[i][k].fade(unseasonal, m.chance(i))
		}
	}
}

// levelWithout is the level of what readings leave without a season.
func (m *Metric) levelWithout(season int8) float32 {
	if season == none {
		return m.WithSeason
	}
	return m.season(int(season)).Level.Mean
}
