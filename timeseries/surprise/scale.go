package surprise

import "fmt"

// Scale is one way to look at a metric: what it compares, over which time.
type Scale uint8

// The scales. Times are half-lives in readings.
const (
	Reading   Scale = iota // a reading with the level of the last 150
	Average6               // the last 6 readings with that level
	Average24              // the last 24 readings with the level of the last 600
	Chart6                 // a reading with the level of the last 6
	Chart30                // the level of the last 6 with that of the last 30
	Chart600               // the level of the last 30 with that of the last 600
	Change                 // a reading with the one before
	NumScales
)

var scaleNames = [NumScales]string{"reading", "average 6", "average 24", "chart 6", "chart 30", "chart 600", "change"}

// String is the name of the scale, for people.
func (s Scale) String() string {
	if s >= NumScales {
		return fmt.Sprintf("scale %d", uint8(s))
	}
	return scaleNames[s]
}
