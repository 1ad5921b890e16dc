package surprise

const (
	// A row counts for as much as the average surprise of the last rows, this one included, confirms: confirm is that average's share,
	// and lately the weight of the newest row in it.
	lately, confirm = 0.3, 0.3

	slots    = 96 // of a day, 15 minutes each
	slotGain = 0.3
	// slotShare of what is usual there is taken from a surprise.
	slotShare = 0.6
)

// Row is what is remembered of the surprises of rows, each of which has a reading of every metric. The zero value is ready.
type Row struct {
	Lately float64 // the average surprise of the last few rows
	Daily  Daily
}

// Judge says what is left of a row's surprise when it is confirmed by those before, and what is usual at this time of day is taken
// from it. It changes nothing.
func (r *Row) Judge(second int64, surprise float64) float64 {
	return r.Daily.judge(second, r.confirmed(surprise))
}

func (r *Row) confirmed(surprise float64) float64 {
	return (1-confirm)*surprise + confirm*(r.Lately+lately*(surprise-r.Lately))
}

// Learn takes in a row's surprise, as it was given to Judge.
func (r *Row) Learn(second int64, surprise float64) {
	r.Daily.learn(second, r.confirmed(surprise))
	r.Lately += lately * (surprise - r.Lately)
}

// Daily is the highest surprise in each quarter of an hour of the day, averaged over the days: what comes back every day is expected.
type Daily struct {
	Usual [slots]float32
	Days  [slots]uint8
	Sum   float64 // of Usual
	Used  int32   // slots with a day
	Slot  int8    // being filled, from 1; 0 before the first
	Peak  float32 // in it so far
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
	usual := max(now.Usual[slot], now.Usual[(slot+1)%slots], now.Usual[(slot+slots-1)%slots])
	return max(0.01*surprise, surprise-slotShare*max(0, float64(usual)-now.Sum/float64(now.Used)))
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
	i := d.Slot - 1
	if d.Days[i] == 0 {
		d.Used++
	}
	gain := max(slotGain, 1/float32(d.Days[i]+3))
	by := gain * (d.Peak - d.Usual[i])
	d.Usual[i] += by
	d.Sum += float64(by)
	d.Days[i] = min(d.Days[i]+1, 200)
}
