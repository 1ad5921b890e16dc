package surprise

import "math"

// Still is what is remembered of runs of readings that are the same: a sensor that hangs, or an exporter that repeats what it read last, is usual by its
// height and by every change. The zero value is ready.
type Still struct {
	Last    float64 // the newest reading
	Run     float64 // how many are the same as it before it
	Longest float64 // run before, which fades by half in as many readings as tails remember
	Count   float64 // readings
}

// stillFade is by how much the longest run fades with each reading.
var stillFade = math.Exp2(-1. / memory)

// judge is the surprise of a reading that goes on with a run, 0 where runs were as long. Of n readings before it with no longer run than L there were n/L runs at least, so that a
// longer one has a probability of less than L/n, and the longer it is the less, by a power law as runs of nothing. What has lasted for longer than patience, in readings, is usual.
func (s *Still) judge(x float64, patience int32) float64 {
	longest := max(1, s.Longest)
	run := margin * (1 + s.Run)
	before := s.Count - 1 - s.Run
	if x != s.Last || before <= 0 || run <= max(leastRun, longest) || s.Run > float64(patience) {
		return 0
	}
	return max(0, math.Log10(before/longest*run/longest))
}

// learn takes in a reading.
func (s *Still) learn(x float64) {
	s.Count++
	s.Longest *= stillFade
	if x == s.Last && s.Count > 1 {
		s.Run++
		return
	}
	s.Longest = max(s.Longest, 1+s.Run)
	s.Last, s.Run = x, 0
}
