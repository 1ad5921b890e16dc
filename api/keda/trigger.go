package keda

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/foreshock-io/foreshock"
)

// trigger is what the metadata of a ScaledObject's trigger say.
type trigger struct {
	object     string // namespace and name of the ScaledObject
	workload   foreshock.ID
	metric     metric
	target     float64 // what a replica is to bear, in the metric's unit
	activation float64 // at most so much: not active
	quantile   float64 // of the forecast; 0: the policy's
	lead       time.Duration
}

// metric is something of a workload by which KEDA may scale.
type metric struct {
	name     string
	forecast bool // quantile and lead mean something
	of       func(ctx context.Context, p Program, t *trigger) (float64, error)
}

// metrics are all there are. Latency is in milliseconds, as KEDA rounds to thousandths.
var metrics = []metric{
	{"iops", true, demand(foreshock.DimIOPS)},
	{"throughput", true, demand(foreshock.DimThroughput)},
	{"wanted_iops", true, wanted(foreshock.DimIOPS)},
	{"wanted_throughput", true, wanted(foreshock.DimThroughput)},
	{"latency_ms", false, reading(foreshock.Latency, 1000)},
	{"queue_depth", false, reading(foreshock.QueueDepth, 1)},
}

// demand is that of now, or the peak of its forecast where that is higher.
func demand(dim foreshock.Dimension) func(context.Context, Program, *trigger) (float64, error) {
	return func(ctx context.Context, p Program, t *trigger) (float64, error) {
		n, err := p.Need(ctx, t.workload, dim, t.quantile, t.lead)
		return n.Peak(), err
	}
}

// wanted is the capacity that the demand calls for, with the policy's headroom.
func wanted(dim foreshock.Dimension) func(context.Context, Program, *trigger) (float64, error) {
	return func(ctx context.Context, p Program, t *trigger) (float64, error) {
		n, err := p.Need(ctx, t.workload, dim, t.quantile, t.lead)
		return n.Capacity, err
	}
}

func reading(m foreshock.Metric, unit float64) func(context.Context, Program, *trigger) (float64, error) {
	return func(ctx context.Context, p Program, t *trigger) (float64, error) {
		x, err := p.Reading(ctx, t.workload, m)
		return x * unit, err
	}
}

func (t *trigger) of(ctx context.Context, p Program) (float64, error) { return t.metric.of(ctx, p, t) }

// name is the metric's for KEDA, which puts the trigger's number before it.
func (t *trigger) name() string { return "foreshock-" + t.metric.name }

// Settings of a trigger. Those of KEDA's own are not for the scaler.
var (
	settings = []string{"activation", "lead", "metric", "quantile", "target", "workload"}
	foreign  = []string{"scalerAddress", "enableTLS", "unsafeSsl", "tlsCertFile"}
)

// read reads the metadata, and says all that is wrong with them.
func read(r *ScaledObjectRef) (trigger, error) {
	c := checker{of: r.GetScalerMetadata()}
	t := trigger{object: foreshock.OneLine(r.GetNamespace() + "/" + r.GetName()), workload: foreshock.ID(c.of["workload"])}
	for name := range c.of {
		if !slices.Contains(settings, name) && !slices.Contains(foreign, name) {
			c.fault("%q is no setting; there is: %s", foreshock.OneLine(name), strings.Join(settings, ", "))
		}
	}
	if err := t.workload.Check(); err != nil {
		c.fault("workload: %s; write its id, for example vol/orders", err)
	}
	var names []string
	for _, m := range metrics {
		names = append(names, m.name)
		if m.name == c.of["metric"] {
			t.metric = m
		}
	}
	if t.metric.name == "" {
		c.fault("metric: %q is none; there is: %s", foreshock.OneLine(c.of["metric"]), strings.Join(names, ", "))
	}
	t.target = c.number("target", "what a replica is to bear, for example 1500", func(x float64) bool { return x > 0 && x < 1e18 })
	t.activation = c.number("activation", "at least 0", func(x float64) bool { return x >= 0 && x < 1e18 })
	t.quantile = c.number("quantile", "between 0.5 and 0.9999, for example 0.95", func(x float64) bool { return x >= 0.5 && x <= 0.9999 })
	t.lead = c.duration("lead")
	if !t.metric.forecast && (c.of["quantile"] != "" || c.of["lead"] != "") {
		c.fault("quantile and lead are of forecasts, and none is made of %s", t.metric.name)
	}
	if c.of["target"] == "" {
		c.fault("target is missing: what a replica is to bear, in the metric's unit")
	}
	if c.faults != nil {
		sort.Strings(c.faults) // metadata have no order
		return t, status.Error(codes.InvalidArgument, fmt.Sprintf("trigger of %s: %s", t.object, strings.Join(c.faults, "; ")))
	}
	return t, nil
}

type checker struct {
	of     map[string]string
	faults []string
}

func (c *checker) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

// number reads a setting; 0 where it is not there.
func (c *checker) number(name, want string, allowed func(float64) bool) float64 {
	text := c.of[name]
	if text == "" {
		return 0
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || !allowed(x) {
		c.fault("%s: %q is not allowed; write %s", name, foreshock.OneLine(text), want)
	}
	return x
}

func (c *checker) duration(name string) time.Duration {
	text := c.of[name]
	if text == "" {
		return 0
	}
	x, err := time.ParseDuration(text)
	if err == nil && (x <= 0 || x > mostLead) {
		err = errors.New("out of range")
	}
	if err != nil {
		c.fault("%s: %q is not allowed; write between 1s and %s, for example 5m", name, foreshock.OneLine(text), mostLead)
	}
	return x
}

const mostLead = 24 * time.Hour
