// Package quota is a planner that asks Service Quotas of Amazon Web Services how much an account may have in a region, and EC2 how much of it
// its volumes have. What it grants is accounted as in capacity/limits; only the totals are asked for.
package quota

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/capacity/limits"
	"github.com/foreshock-io/foreshock/providers/awssdk"
)

// Config is the quota block of a configuration file. Credentials, profile and endpoint are those of the SDK's own environment and files.
type Config struct {
	Region string        `yaml:"region"` // default: the SDK's
	Hold   time.Duration `yaml:"hold"`   // the longest time for which a grant waits to be committed; default 15m
	Fresh  time.Duration `yaml:"fresh"`  // for how long what was asked is believed; default 1m
	Quotas []Quota       `yaml:"quotas"`
}

// Quota is one of Service Quotas.
type Quota struct {
	Name       string        `yaml:"name"`
	Service    string        `yaml:"service"`     // for example ebs
	Code       string        `yaml:"code"`        // for example L-8D977E7E
	Dimension  string        `yaml:"dimension"`   // iops, throughput, size, vcpu, memory, replicas
	Unit       float64       `yaml:"unit"`        // of the quota's value, in the dimension's unit: 1TiB for storage in TiB; default 1
	VolumeType string        `yaml:"volume_type"` // whose volumes use it: they are asked for
	InUse      float64       `yaml:"in_use"`      // where no type of volume is stated: what is in use and was not granted here; default 0
	Reserve    float64       `yaml:"reserve"`     // share (0-1) that is never granted; default 0
	Draws      []limits.Draw `yaml:"draws"`       // who draws on it; as in limits
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
	cfg      Config
	quota    func(context.Context, *servicequotas.GetServiceQuotaInput, ...func(*servicequotas.Options)) (*servicequotas.GetServiceQuotaOutput, error)
	standard func(context.Context, *servicequotas.GetAWSDefaultServiceQuotaInput, ...func(*servicequotas.Options)) (*servicequotas.GetAWSDefaultServiceQuotaOutput, error)
	volumes  func(context.Context, *ec2.DescribeVolumesInput, ...func(*ec2.Options)) (*ec2.DescribeVolumesOutput, error)

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
	loaded, err := awssdk.Load(cfg.Region)
	errs = append(errs, err)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	accounts, err := limits.New(pools, env)
	if err != nil {
		return nil, err
	}
	q, v := servicequotas.NewFromConfig(loaded), ec2.NewFromConfig(loaded) // kept as functions, so that the linker leaves out their other calls
	return &Planner{
		Limits: accounts, cfg: cfg, quota: q.GetServiceQuota, standard: q.GetAWSDefaultServiceQuota, volumes: v.DescribeVolumes,
		asked: make([]time.Time, len(cfg.Quotas)),
	}, nil
}

// unasked is what a pool has, all in use, before anything is known of it.
const unasked = 1

// whole are the dimensions in which a part of one is of no use, with what a part grant is a multiple of.
var whole = map[string]float64{"iops": 1, "throughput": 1 << 20, "size": 1 << 30, "vcpu": 1, "replicas": 1}

func (q Quota) check(i int) error {
	var errs []error
	if q.Service == "" || q.Code == "" {
		errs = append(errs, fmt.Errorf("quotas[%d]: service and code must be stated, for example ebs and L-8D977E7E", i))
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
		total, err := p.total(ctx, q)
		if err != nil {
			return fmt.Errorf("quota %s (%s of %s): %s", q.Name, q.Code, q.Service, awssdk.Text(err))
		}
		if q.VolumeType == "" {
			p.Limits.Resize(q.Name, total, q.InUse)
		} else {
			used, err := p.used(ctx, q)
			if err != nil {
				return fmt.Errorf("quota %s: the volumes of type %s: %s", q.Name, q.VolumeType, awssdk.Text(err))
			}
			p.Limits.Measure(q.Name, total, used)
		}
		p.asked[i] = now
	}
	return nil
}

// total is the account's own quota, or where it has none of its own, that of every account.
func (p *Planner) total(ctx context.Context, q Quota) (float64, error) {
	own, err := p.quota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: &q.Service, QuotaCode: &q.Code})
	switch {
	case err == nil && own.Quota != nil && own.Quota.Value != nil:
		return *own.Quota.Value * q.Unit, nil
	case err != nil && awssdk.Code(err) != "NoSuchResourceException":
		return 0, err
	}
	all, err := p.standard(ctx, &servicequotas.GetAWSDefaultServiceQuotaInput{ServiceCode: &q.Service, QuotaCode: &q.Code})
	switch {
	case err != nil:
		return 0, err
	case all.Quota == nil || all.Quota.Value == nil:
		return 0, errors.New("it has no value")
	}
	return *all.Quota.Value * q.Unit, nil
}

// ofVolume is how much a volume has of a dimension, in the dimension's unit.
var ofVolume = map[string]func(ec2types.Volume) float64{
	"iops":       func(v ec2types.Volume) float64 { return float64(aws.ToInt32(v.Iops)) },
	"throughput": func(v ec2types.Volume) float64 { return float64(aws.ToInt32(v.Throughput)) * (1 << 20) },
	"size":       func(v ec2types.Volume) float64 { return float64(aws.ToInt32(v.Size)) * (1 << 30) },
}

// used is what the volumes of a quota's type have in all.
func (p *Planner) used(ctx context.Context, q Quota) (sum float64, err error) {
	in := &ec2.DescribeVolumesInput{Filters: []ec2types.Filter{{Name: aws.String("volume-type"), Values: []string{q.VolumeType}}}}
	for {
		page, err := p.volumes(ctx, in)
		if err != nil {
			return 0, err
		}
		for _, v := range page.Volumes {
			sum += ofVolume[q.Dimension](v)
		}
		if in.NextToken = page.NextToken; aws.ToString(in.NextToken) == "" {
			return sum, nil
		}
	}
}

// Probe says whether every quota can be asked for.
func (p *Planner) Probe(ctx context.Context) (string, error) {
	var all foreshock.Allocation
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		all.Set(d, 1)
	}
	if err := p.ask(ctx, time.Now(), all); err != nil {
		return "", fmt.Errorf("%w; the policy needs servicequotas:GetServiceQuota, GetAWSDefaultServiceQuota and ec2:DescribeVolumes", err)
	}
	return fmt.Sprintf("answers for %d quotas", len(p.cfg.Quotas)), nil
}
