package simulate

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Protocol is the version of the line protocol: JSON objects, one per line, from a simulator to a controller and back.
const Protocol = 1

// Message is a line to a controller. What a line does not state is nil.
type Message struct {
	Type        string   `json:"type"` // hello, sample, action_result, bye
	ID          string   `json:"id"`
	Time        *int64   `json:"t"` // Unix seconds
	Protocol    int      `json:"protocol"`
	StepSeconds int64    `json:"step_s"`
	Unit        string   `json:"unit"`
	Missing     bool     `json:"missing"`
	Provisioned *float64 `json:"provisioned"`
	Effective   *float64 `json:"effective"`
	NextAction  *int64   `json:"next_action_t"`
	Latency     *float64 `json:"latency_ms"`
	Throughput  *float64 `json:"throughput_bps"`
	IOPS        *float64 `json:"iops"`
	QueueDepth  *float64 `json:"queue_depth"`
	Provider    *struct {
		Name     string  `json:"name"`
		Quantum  float64 `json:"quantum"`
		Min      float64 `json:"min"`
		Max      float64 `json:"max"`
		Delay    float64 `json:"apply_delay_s"`
		Cooldown float64 `json:"cooldown_s"`
	} `json:"provider"`
	SLO struct {
		Latency     float64 `json:"latency_ms"`
		Utilisation float64 `json:"max_utilisation"`
	} `json:"slo"`
	Objective struct {
		LateWeight float64 `json:"late_weight"`
	} `json:"objective"`
}

// Parse reads a line.
func (m *Message) Parse(line []byte) error {
	*m = Message{}
	if err := json.Unmarshal(line, m); err != nil {
		return fmt.Errorf("%w; one JSON object per line is expected", err)
	}
	if m.Type == "" {
		return fmt.Errorf("the object has no type; there is: hello, sample, action_result, bye")
	}
	return nil
}

// Volume is what a hello tells.
func (m *Message) Volume() (Volume, error) {
	v := Volume{
		ID: foreshock.ID(m.ID), Step: time.Duration(m.StepSeconds) * time.Second, MaxLatency: seconds(m.SLO.Latency / 1000),
		Utilisation: m.SLO.Utilisation, LateWeight: m.Objective.LateWeight,
	}
	switch p := m.Provider; {
	case m.Protocol != Protocol:
		return v, fmt.Errorf("hello: protocol %d is not known; there is: %d", m.Protocol, Protocol)
	case m.Time == nil || m.StepSeconds < 1 || m.StepSeconds > 86400:
		return v, fmt.Errorf("hello: t and a step_s between 1 and 86400 are needed")
	case m.Unit != "" && m.Unit != "iops":
		return v, fmt.Errorf("hello: capacity in %q cannot be simulated; there is: iops", m.Unit)
	case p == nil || !(p.Max > 0) || !(p.Min >= 0) || p.Min > p.Max || p.Quantum < 0 || p.Delay < 0 || p.Cooldown < 0:
		return v, fmt.Errorf("hello: a provider with 0 <= min <= max, and a quantum, an apply_delay_s and a cooldown_s of at least 0 is needed")
	case m.Provisioned == nil || !(*m.Provisioned > 0):
		return v, fmt.Errorf("hello: provisioned, above 0, is needed")
	default:
		v.Provider = Provider{Name: p.Name, Quantum: p.Quantum, Min: p.Min, Max: p.Max, ApplyDelay: seconds(p.Delay), Cooldown: seconds(p.Cooldown)}
	}
	v.Start, v.Provisioned = time.Unix(*m.Time, 0).UTC(), *m.Provisioned
	return v, v.ID.Check()
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// Sample is what a sample tells. Readings that it does not state are NaN.
func (m *Message) Sample() (Sample, error) {
	if m.Time == nil || m.Provisioned == nil {
		return Sample{}, fmt.Errorf("sample: t and provisioned are needed")
	}
	or := func(x *float64, otherwise float64) float64 {
		if x == nil {
			return otherwise
		}
		return *x
	}
	s := Sample{
		Time: *m.Time, Missing: m.Missing, Provisioned: *m.Provisioned, Effective: or(m.Effective, *m.Provisioned),
		Latency: or(m.Latency, math.NaN()), Throughput: or(m.Throughput, math.NaN()), IOPS: or(m.IOPS, math.NaN()), QueueDepth: or(m.QueueDepth, math.NaN()),
	}
	if m.NextAction != nil {
		s.NextAction = *m.NextAction
	}
	return s, nil
}
