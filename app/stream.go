package app

import (
	"fmt"
	"time"

	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/pipeline"
)

// NewStream returns a stream that judges rows of so many metrics of unknown unit as the stages of c judge a workload's steps.
func NewStream(c config.Config, step time.Duration, metrics int) (*pipeline.Stream, error) {
	if step <= 0 || metrics < 1 {
		return nil, fmt.Errorf("stream: step must be above 0 and metrics at least 1, not %s and %d", step, metrics)
	}
	l := &faultList{config: c}
	p := &parts{}
	p.buildStages(c, l)
	if l.faults != nil {
		return nil, l.faults
	}
	return pipeline.NewStream(p.detector, p.profile, step, metrics), nil
}
