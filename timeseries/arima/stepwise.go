package arima

// stepwise starts from four models and goes to the first better one next to the best,
// until there is none. Beyond Hyndman and Khandakar it then looks at the longest
// autoregression and moving average, and at some between them, from where there may be a way on.
func (c *chooser) stepwise() {
	m, s, constant := c.cfg.Max, c.cfg.SeasonalMax, c.allowsConstant()
	start := func(p, q, sp, sq int, constant bool) {
		c.try(c.spec(min(p, m.P), min(q, m.Q), min(sp, s.P), min(sq, s.Q), constant))
	}
	start(2, 2, 1, 1, constant)
	start(0, 0, 0, 0, constant)
	start(1, 0, 1, 0, constant)
	start(0, 1, 0, 1, constant)
	if constant {
		start(0, 0, 0, 0, false)
	}
	for {
		for c.step(c.best.Spec) {
		}
		if !c.around() && !c.far() {
			return
		}
	}
}

// far tries the longest autoregression and moving average, and some between them.
func (c *chooser) far() bool {
	m, at, found := c.cfg.Max, c.best.Spec, false
	for _, far := range [][2]int{{5, 0}, {4, 2}, {3, 3}, {2, 4}, {0, 5}} {
		if c.try(c.spec(far[0]*m.P/5, far[1]*m.Q/5, at.Seasonal.P, at.Seasonal.Q, at.Mean || at.Drift)) {
			found = true
		}
	}
	return found
}

// around goes on from models that would be much better, were it not for a root near the
// unit circle: where they are all around the best model, the way is through them. A drift is
// left out first, as the moving average of a differenced straight line has such a root. A
// model 10 units worse has no support (Burnham, Anderson 2002, §2.6).
func (c *chooser) around() bool {
	enough := c.best.Value - 10
	least := Candidate{Value: enough}
	for _, t := range c.near {
		if !(t.Value < enough) {
			continue
		}
		if t.Spec.Drift && c.try(c.spec(t.Spec.Order.P, t.Spec.Order.Q, t.Spec.Seasonal.P, t.Spec.Seasonal.Q, false)) {
			return true
		}
		if t.Value < least.Value {
			least = t
		}
	}
	return least.Value < enough && c.step(least.Spec)
}

// step tries what is next to a model: seasonal orders first, then the others,
// each by one, and then the constant.
func (c *chooser) step(at Spec) bool {
	m, s := c.cfg.Max, c.cfg.SeasonalMax
	constant := at.Mean || at.Drift
	moves := [][2]int{{-1, 0}, {0, -1}, {1, 0}, {0, 1}, {-1, -1}, {-1, 1}, {1, -1}, {1, 1}}
	for _, by := range moves {
		p, q := at.Seasonal.P+by[0], at.Seasonal.Q+by[1]
		if min(p, q) >= 0 && p <= s.P && q <= s.Q && c.try(c.spec(at.Order.P, at.Order.Q, p, q, constant)) {
			return true
		}
	}
	for _, by := range moves {
		p, q := at.Order.P+by[0], at.Order.Q+by[1]
		if min(p, q) >= 0 && p <= m.P && q <= m.Q && c.try(c.spec(p, q, at.Seasonal.P, at.Seasonal.Q, constant)) {
			return true
		}
	}
	return c.allowsConstant() && c.try(c.spec(at.Order.P, at.Order.Q, at.Seasonal.P, at.Seasonal.Q, !constant))
}

// all tries every model with at most MaxTerms coefficients, simple ones first.
func (c *chooser) all() {
	m, s := c.cfg.Max, c.cfg.SeasonalMax
	for terms := 0; terms <= c.cfg.MaxTerms; terms++ {
		for sp := 0; sp <= min(s.P, terms); sp++ {
			for sq := 0; sq <= min(s.Q, terms-sp); sq++ {
				for p := 0; p <= min(m.P, terms-sp-sq); p++ {
					q := terms - sp - sq - p
					if q > m.Q {
						continue
					}
					if c.allowsConstant() {
						c.try(c.spec(p, q, sp, sq, true))
					}
					c.try(c.spec(p, q, sp, sq, false))
				}
			}
		}
	}
}
