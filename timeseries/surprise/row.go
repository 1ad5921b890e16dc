package surprise

import "math"

const (
	// A row counts for as much as the average surprise of the last rows, this one included, confirms: confirm is that average's share,
	// and lately the weight of the newest row in it.
	lately, confirm = 0.3, 0.3

	slots = 96 // of a day, 15 minutes each
	// firstGain is the weight of the first day's peak of a slot, and slotGain that of each after it.
	firstGain, slotGain = 1. / 3, 0.3
	// slotShare of what is usual there is taken from a surprise.
	slotShare = 0.6
)

// Row is what is remembered of the surprises of rows, each of which has a reading of every metric. The zero value is ready.
type Row struct {
	Lately float32 // the average surprise of the last few rows
	Daily  Daily
}

// Judge says what is left of a row's surprise when it is confirmed by those before, and what is usual at this time of day is taken
// from it. It changes nothing.
func (r *Row) Judge(second int64, surprise float64) float64 {
	return r.Daily.judge(second, r.confirmed(surprise))
}

func (r *Row) confirmed(surprise float64) float64 {
	return (1-confirm)*surprise + confirm*r.now(surprise)
}

// now is the average surprise of the last few rows with one more.
func (r *Row) now(surprise float64) float64 {
	before := float64(r.Lately)
	return before + lately*(surprise-before)
}

// Learn takes in a row's surprise, as it was given to Judge.
func (r *Row) Learn(second int64, surprise float64) {
	r.Daily.learn(second, r.confirmed(surprise))
	r.Lately = float32(r.now(surprise))
}

// Daily is the highest surprise in each quarter of an hour of the day, averaged over the days: what comes back every day is expected.
type Daily struct {
	Codes   [slots]uint8 // the averages, see peakCode; 0 where no day was seen
	CodeSum uint16       // of Codes
	Used    int8         // slots with a day
	Slot    int8         // the one that is filled, from 1; 0 before the first
	Peak    float32      // in the slot that is filled, so far
}

// perPeak is how many steps of a peak's code make a decade.
const perPeak = 48

// peakCode is a peak in a byte; peaks of five decades and more are alike.
func peakCode(surprise float32) uint8 {
	return uint8(1 + min(max(surprise*perPeak+0.5, 0), math.MaxUint8-1))
}

// Put sets the usual peak of a slot, which must be one of a day.
func (d *Daily) Put(slot int, peak float32) {
	before, after := d.Codes[slot], peakCode(peak)
	if before == 0 {
		d.Used++
	}
	d.Codes[slot] = after
	d.CodeSum += uint16(after) - uint16(before)
}

func slotOf(second int64) int { return int(((second/(day/slots))%slots + slots) % slots) }

// judge takes from a surprise what is usual at this time of day beyond the day's mean.
func (d *Daily) judge(second int64, surprise float64) float64 {
	slot, now := slotOf(second), d
	if d.Slot != 0 && int(d.Slot) != slot+1 {
		closed := *d
		closed.close()
		now = &closed
	}
	if now.Used == 0 {
		return surprise
	}
	usual := max(now.Codes[slot], now.Codes[(slot+1)%slots], now.Codes[(slot+slots-1)%slots])
	beyond := (float64(usual) - float64(now.CodeSum)/float64(now.Used)) / perPeak
	return max(0.01*surprise, surprise-slotShare*max(0, beyond))
}

// learn takes in a surprise.
func (d *Daily) learn(second int64, surprise float64) {
	if slot := slotOf(second); int(d.Slot) != slot+1 {
		d.close()
		d.Slot, d.Peak = int8(slot+1), 0
	}
	d.Peak = max(d.Peak, float32(surprise))
}

func (d *Daily) close() {
	if d.Slot == 0 {
		return
	}
	i := int(d.Slot - 1)
	if d.Codes[i] == 0 {
		d.Put(i, firstGain*d.Peak)
		return
	}
	usual := float32(d.Codes[i]-1) / perPeak
	d.Put(i, usual+slotGain*(d.Peak-usual))
}
