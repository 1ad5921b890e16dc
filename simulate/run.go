package simulate

// Policy is what answers a sample with the amounts that it asks for, in their order.
type Policy interface {
	Answer(s Sample) (want []float64, err error)
}

// Run runs the plant to the end of its trace under a policy.
func (v *Plant) Run(p Policy) error {
	for !v.Done() {
		want, err := p.Answer(v.Next())
		if err != nil {
			return err
		}
		for _, amount := range want {
			v.Act(amount)
		}
	}
	return nil
}
