// Package quota is a planner that asks a provider how much an account may have in a region, and how much of it is in use: Service Quotas and EC2 of Amazon
// Web Services, the usages of Microsoft Azure, and the regional quotas of Google Compute Engine. What it grants is accounted as in capacity/limits; only the totals are asked for.
package quota

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/capacity/limits"
)

// Config is the quota block of a configuration file. Credentials are those of the SDKs' own environment and files, with AWS the profile and the endpoint as well.
type Config struct {
	Region       string `yaml:"region"`           // of AWS; default: the SDK's
	Subscription string `yaml:"subscription"`     // of Azure; default: $AZURE_SUBSCRIPTION_ID
	Endpoint     string `yaml:"endpoint"`         // of Azure's Resource Manager; default: the public cloud's
	Project      string `yaml:"project"`          // of Google Cloud; default: $GOOGLE_CLOUD_PROJECT
	Compute      string `yaml:"compute_endpoint"` // of Google Compute Engine; default: the public one

	Hold   time.Duration `yaml:"hold"`  // the longest time for which a grant waits to be committed; default 15m
	Fresh  time.Duration `yaml:"fresh"` // for how long what was asked is believed; default 1m
	Quotas []Quota       `yaml:"quotas"`
}

// Quota is one of Service Quotas, one of Azure's usages, or one of a region of Google Compute Engine.
type Quota struct {
	Name       string        `yaml:"name"`
	Service    string        `yaml:"service"`               // for example ebs
	Code       string        `yaml:"code"`                  // for example L-8D977E7E
	Usage      string        `yaml:"usage"`                 // in Azure, in place of service and code: for example standardDSv5Family
	Metric     string        `yaml:"metric"`                // in Google Cloud, in place of service and code: for example SSD_TOTAL_GB
	Location   string        `yaml:"location"`              // of the usage or the metric, for example westeurope, europe-west4
	Dimension  string        `yaml:"dimension"`             // iops, throughput, size, vcpu, memory, replicas
	Unit       float64       `yaml:"unit"`                  // of the quota's value, in the dimension's unit: 1TiB for storage in TiB; default 1
	VolumeType string        `yaml:"volume_type"`           // whose volumes use it: they are asked for
	InUse      float64       `yaml:"in_use"`                // where no type of volume is stated: what is in use and was not granted here; default 0
	Reserve    float64       `yaml:"reserve" unit:"number"` // share (0-1) that is never granted; default 0
	Draws      []limits.Draw `yaml:"draws"`                 // who draws on it; as in limits
}

// Factory offers this planner to configuration files as "quota".
var Factory = capacity.Factory{Name: "quota", New: func(decode func(any) error, env capacity.Env) (capacity.Planner, error) {
	cfg := Defaults()
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// Defaults are the settings where a file says nothing.
func Defaults() Config { return Config{Hold: 15 * time.Minute, Fresh: time.Minute} }

// Planner is a capacity.Planner over quotas. Commit, Release and Restore are those of limits.
type Planner struct {
	*limits.Limits
	cfg     Config
	sources []source // of each quota

	mu    sync.Mutex // held while quotas are asked for; guards asked
	asked []time.Time
}

var _ capacity.Planner = (*Planner)(nil)

// New makes a planner of the settings. It asks nothing yet: until it has, nothing can be granted.
func New(cfg Config, env capacity.Env) (*Planner, error) {
	pools := limits.Config{Hold: cfg.Hold}
	var errs []error
	for i, q := range cfg.Quotas {
		if q.Unit == 0 {
			cfg.Quotas[i].Unit = 1
		}
		errs = append(errs, q.check(i))
		pools.Pools = append(pools.Pools, limits.Pool{
			Name: q.Name, Dimension: q.Dimension, Total: unasked, InUse: unasked, Reserve: q.Reserve, Quantum: whole[q.Dimension], Draws: q.Draws,
		})
	}
	if len(cfg.Quotas) == 0 {
		errs = append(errs, errors.New("quotas is empty: nothing would be asked for; describe a quota, or remove the planner"))
	}
	if cfg.Fresh < 0 {
		errs = append(errs, fmt.Errorf("fresh must not be below 0, not %s", cfg.Fresh))
	}
	sources, err := cfg.sources()
	errs = append(errs, err)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	accounting, err := limits.New(pools, env)
	if err != nil {
		return nil, err
	}
	return &Planner{Limits: accounting, cfg: cfg, sources: sources, asked: make([]time.Time, len(cfg.Quotas))}, nil
}

// The providers of quotas.
const (
	inAWS   = "AWS"
	inAzure = "Azure"
	inGCP   = "Google Cloud"
)

// provider is whose quota it is.
func (q Quota) provider() string {
	switch {
	case q.Usage != "":
		return inAzure
	case q.Metric != "":
		return inGCP
	}
	return inAWS
}

// sources are those of the quotas, in their order; of each provider one.
func (c Config) sources() (list []source, err error) {
	of := map[string]source{}
	for _, q := range c.Quotas {
		name := q.provider()
		if of[name] == nil {
			switch name {
			case inAzure:
				of[name], err = newAzure(c.Subscription, c.Endpoint)
			case inGCP:
				of[name], err = newGCP(c.Project, c.Compute)
			default:
				of[name], err = newAWS(c.Region)
			}
			if err != nil {
				return nil, err
			}
		}
		list = append(list, of[name])
	}
	return list, nil
}

// source is a provider, which says how its quotas are.
type source interface {
	// state asks for a quota; an error says which.
	state(ctx context.Context, q Quota) (state, error)
}

// state is how much of a quota there is, and how much of it is in use: by whoever, or else by what was not granted here.
type state struct {
	total, used float64
	whoever     bool
}

// unasked is what a pool has, all in use, before anything is known of it.
const unasked = 1

// whole are the dimensions in which a part of one is of no use, with what a part grant is a multiple of.
var whole = map[string]float64{"iops": 1, "throughput": 1 << 20, "size": 1 << 30, "vcpu": 1, "replicas": 1}

func (q Quota) check(i int) error {
	var errs []error
	switch {
	case q.Usage != "" && q.Metric != "":
		errs = append(errs, fmt.Errorf("quotas[%d]: usage is of Azure, metric of Google Cloud; state one of them", i))
	case q.provider() != inAWS && (q.Service != "" || q.Code != "" || q.VolumeType != "" || q.InUse != 0):
		errs = append(errs, fmt.Errorf("quotas[%d]: usage or metric is of %s, which says what is in use; service, code, volume_type and in_use are of AWS", i, q.provider()))
	case q.provider() != inAWS && q.Location == "":
		errs = append(errs, fmt.Errorf("quotas[%d]: location must be stated with usage or metric, for example westeurope, europe-west4", i))
	case q.provider() == inAWS && (q.Service == "" || q.Code == ""):
		errs = append(errs, fmt.Errorf("quotas[%d]: service and code must be stated, for example ebs and L-8D977E7E; or in Azure usage and location, in Google Cloud metric and location", i))
	}
	if q.Unit < 0 {
		errs = append(errs, fmt.Errorf("quotas[%d]: unit must be above 0, not %g", i, q.Unit))
	}
	if q.VolumeType != "" && q.InUse != 0 {
		errs = append(errs, fmt.Errorf("quotas[%d]: in_use and volume_type exclude each other: volumes are asked for", i))
	}
	if _, known := ofVolume[q.Dimension]; q.VolumeType != "" && !known {
		errs = append(errs, fmt.Errorf("quotas[%d]: volumes have no %q; there is: iops, throughput, size", i, q.Dimension))
	}
	return errors.Join(errs...)
}

// Reserve grants what the quotas leave. Where one cannot be asked for, that is an error, and nothing may grow.
func (p *Planner) Reserve(ctx context.Context, now time.Time, r capacity.Request) (capacity.Grant, error) {
	if err := p.ask(ctx, now, r.To); err != nil {
		return capacity.Grant{}, fmt.Errorf("reserve %s: %w", r.ID, err)
	}
	return p.Limits.Reserve(ctx, now, r)
}

// ask asks for the quotas of the dimensions that are wanted, unless that was done lately.
func (p *Planner) ask(ctx context.Context, now time.Time, wanted foreshock.Allocation) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, q := range p.cfg.Quotas {
		var d foreshock.Dimension
		if err := d.UnmarshalText([]byte(q.Dimension)); err != nil || !wanted.Has(d) {
			continue
		}
		if at := p.asked[i]; !at.IsZero() && now.Sub(at) < p.cfg.Fresh {
			continue
		}
		is, err := p.sources[i].state(ctx, q)
		switch {
		case err != nil:
			return err
		case is.whoever:
			p.Limits.Measure(q.Name, is.total, is.used)
		default:
			p.Limits.Resize(q.Name, is.total, is.used)
		}
		p.asked[i] = now
	}
	return nil
}

// Probe says whether every quota can be asked for.
func (p *Planner) Probe(ctx context.Context) (string, error) {
	var all foreshock.Allocation
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		all.Set(d, 1)
	}
	if err := p.ask(ctx, time.Now(), all); err != nil {
		return "", fmt.Errorf("%w; the rights that are needed are in capacity/quota/README.md", err)
	}
	return fmt.Sprintf("answers for %d quotas", len(p.cfg.Quotas)), nil
}
