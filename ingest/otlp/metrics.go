package otlp

import (
	"context"
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/foreshock-io/foreshock/ingest"
)

// metrics takes the metrics of one request. A series' labels are the attributes of the data point, and those of the
// resource where the point has none of the name; its name is the metric's, for histograms and summaries with _sum or
// _count.
type metrics struct {
	ctx      context.Context
	rules    *ingest.Rules
	batch    *ingest.Batch
	resource ingest.Labels
	labels   ingest.Labels
	key      []byte
	points   [1]ingest.Point
}

func (m *metrics) refused() (int, string) { return refused(m.batch.Dropped) }

func (m *metrics) take(all pmetric.Metrics) error {
	for i := range all.ResourceMetrics().Len() {
		rm := all.ResourceMetrics().At(i)
		m.resource = appendAttributes(m.resource[:0], rm.Resource().Attributes())
		for j := range rm.ScopeMetrics().Len() {
			list := rm.ScopeMetrics().At(j).Metrics()
			for k := range list.Len() {
				m.metric(list.At(k))
				if !m.batch.Full() {
					continue
				}
				if m.batch.Push(m.ctx) != nil {
					return errBusy
				}
			}
		}
	}
	if m.batch.Push(m.ctx) != nil {
		return errBusy
	}
	return nil
}

func (m *metrics) metric(x pmetric.Metric) {
	switch x.Type() {
	case pmetric.MetricTypeGauge:
		m.numbers(x.Name(), x.Gauge().DataPoints(), pmetric.AggregationTemporalityCumulative)
	case pmetric.MetricTypeSum:
		m.numbers(x.Name(), x.Sum().DataPoints(), x.Sum().AggregationTemporality())
	case pmetric.MetricTypeHistogram:
		m.histograms(x)
	case pmetric.MetricTypeExponentialHistogram:
		m.exponentials(x)
	case pmetric.MetricTypeSummary:
		m.summaries(x)
	}
}

func (m *metrics) numbers(name string, list pmetric.NumberDataPointSlice, t pmetric.AggregationTemporality) {
	if !m.rules.Named([]byte(name)) {
		m.batch.Drop(ingest.DropUnmapped, list.Len())
		return
	}
	for i := range list.Len() {
		p := list.At(i)
		value := p.DoubleValue()
		if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
			value = float64(p.IntValue())
		}
		m.add(series{name, p.Attributes(), p.Flags(), p.StartTimestamp(), p.Timestamp(), t}, value)
	}
}

func (m *metrics) histograms(x pmetric.Metric) {
	list, t := x.Histogram().DataPoints(), x.Histogram().AggregationTemporality()
	for i := range list.Len() {
		p := list.At(i)
		m.sumAndCount(series{x.Name(), p.Attributes(), p.Flags(), p.StartTimestamp(), p.Timestamp(), t}, p.HasSum(), p.Sum(), p.Count())
	}
}

func (m *metrics) exponentials(x pmetric.Metric) {
	list, t := x.ExponentialHistogram().DataPoints(), x.ExponentialHistogram().AggregationTemporality()
	for i := range list.Len() {
		p := list.At(i)
		m.sumAndCount(series{x.Name(), p.Attributes(), p.Flags(), p.StartTimestamp(), p.Timestamp(), t}, p.HasSum(), p.Sum(), p.Count())
	}
}

func (m *metrics) summaries(x pmetric.Metric) {
	list := x.Summary().DataPoints()
	for i := range list.Len() {
		p := list.At(i)
		m.sumAndCount(series{
			x.Name(), p.Attributes(), p.Flags(), p.StartTimestamp(), p.Timestamp(), pmetric.AggregationTemporalityCumulative,
		}, true, p.Sum(), p.Count())
	}
}

// series is a data point but for its value.
type series struct {
	name        string
	attributes  pcommon.Map
	flags       pmetric.DataPointFlags
	begin, end  pcommon.Timestamp
	temporality pmetric.AggregationTemporality
}

func (m *metrics) sumAndCount(s series, hasSum bool, sum float64, count uint64) {
	name := s.name
	if s.name = name + "_sum"; hasSum {
		m.addNamed(s, sum)
	}
	s.name = name + "_count"
	m.addNamed(s, float64(count))
}

func (m *metrics) addNamed(s series, value float64) {
	if !m.rules.Named([]byte(s.name)) {
		m.batch.Drop(ingest.DropUnmapped, 1)
		return
	}
	m.add(s, value)
}

func (m *metrics) add(s series, value float64) {
	m.labels = append(m.labels[:0], ingest.Label{Name: ingest.NameLabel, Value: s.name})
	m.labels = appendAttributes(m.labels, s.attributes)
	own := m.labels
	for _, l := range m.resource {
		if own.Get(l.Name) == "" {
			m.labels = append(m.labels, l)
		}
	}
	m.key = m.labels.AppendKey(m.key[:0])
	p := ingest.Point{Value: value, Time: int64(s.end / 1e6)}
	if s.flags.NoRecordedValue() {
		p.Value = math.Float64frombits(ingest.StaleMarker)
	}
	switch s.temporality {
	case pmetric.AggregationTemporalityDelta:
		if s.begin == 0 || s.begin > s.end { // since when it rose is not said
			m.batch.Drop(ingest.DropMalformed, 1)
			return
		}
		m.batch.AddIncrement(m.key, p, time.Duration(s.end-s.begin))
	case pmetric.AggregationTemporalityCumulative:
		m.points[0] = p
		m.batch.Add(m.key, m.points[:])
	default:
		m.batch.Drop(ingest.DropMalformed, 1)
	}
}

// appendAttributes appends the attributes that are texts, numbers or truth values, and not empty.
func appendAttributes(dst ingest.Labels, attributes pcommon.Map) ingest.Labels {
	for name, value := range attributes.All() {
		switch value.Type() {
		case pcommon.ValueTypeStr, pcommon.ValueTypeBool, pcommon.ValueTypeInt, pcommon.ValueTypeDouble:
			if text := value.AsString(); text != "" {
				dst = append(dst, ingest.Label{Name: name, Value: text})
			}
		}
	}
	return dst
}
