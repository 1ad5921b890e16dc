// Package azuremonitor reads the managed disks of virtual machines from Azure Monitor: IOPS, throughput, latency and queue depth of each period, and whether a
// disk was held back at its limits. At start it asks backwards, so that profiles know the last day within a minute.
package azuremonitor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/providers/azuresdk"
)

// Config is the azuremonitor block of a configuration file. Credentials are those of azidentity's default chain.
type Config struct {
	Subscription string        `yaml:"subscription"` // default: $AZURE_SUBSCRIPTION_ID
	Endpoint     string        `yaml:"endpoint"`     // of the Resource Manager; default: the public cloud's
	Machines     []string      `yaml:"vms"`          // "GROUP/NAME"; none: all of the subscription
	OS           bool          `yaml:"os_disks"`     // also the disks of operating systems
	ID           string        `yaml:"id"`           // of the workload, with ${group} and ${disk}; default azure/disk/${group}/${disk}
	Period       time.Duration `yaml:"period"`       // of the readings: 1m (default), 5m, 15m, 30m, 1h
	Lag          time.Duration `yaml:"lag"`          // how long after its end Azure Monitor has a period; default 3m
	Backfill     time.Duration `yaml:"backfill"`     // how far to ask backwards at start; default 24h
	Discover     time.Duration `yaml:"discover"`     // how often to look which disks machines have; default 10m
	Most         int           `yaml:"most"`         // disks at most; default 1000
}

// name is what configuration files call this source.
const name = "azuremonitor"

// Factory offers this source to configuration files as "azuremonitor".
var Factory = ingest.Factory{Name: name, New: func(decode func(any) error, env ingest.Env) (ingest.Source, error) {
	cfg := Defaults()
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// The marks in an ID, and its default: after the first slash as target azure calls the disk.
const (
	groupMark = "${group}"
	diskMark  = "${disk}"
	defaultID = "azure/disk/" + groupMark + "/" + diskMark
)

// Defaults are the settings where a file says nothing.
func Defaults() Config {
	return Config{ID: defaultID, Period: time.Minute, Lag: 3 * time.Minute, Backfill: 24 * time.Hour, Discover: 10 * time.Minute, Most: 1000}
}

// Source asks Azure Monitor.
type Source struct {
	cfg Config
	env ingest.Env
	// The calls, kept as functions, so that the linker leaves out the clients' other ones.
	metrics func(context.Context, string, *armmonitor.MetricsClientListOptions) (armmonitor.MetricsClientListResponse, error)
	machine func(ctx context.Context, group, name string, _ *armcompute.VirtualMachinesClientGetOptions) (armcompute.VirtualMachinesClientGetResponse, error)
	all     func(*armcompute.VirtualMachinesClientListAllOptions) *runtime.Pager[armcompute.VirtualMachinesClientListAllResponse]
}

// New makes a source of the settings. It asks nothing yet.
func New(cfg Config, env ingest.Env) (*Source, error) {
	if env.Log == nil {
		env.Log = slog.New(slog.DiscardHandler)
	}
	account, err := azuresdk.Load(cfg.Subscription, cfg.Endpoint)
	if err := errors.Join(err, cfg.check()); err != nil {
		return nil, err
	}
	metrics, err := armmonitor.NewMetricsClient(account.Subscription, account.Credential, account.Options)
	if err != nil {
		return nil, fmt.Errorf("the SDK's clients: %s", azuresdk.Text(err))
	}
	machines, err := armcompute.NewVirtualMachinesClient(account.Subscription, account.Credential, account.Options)
	if err != nil {
		return nil, fmt.Errorf("the SDK's clients: %s", azuresdk.Text(err))
	}
	return &Source{cfg: cfg, env: env, metrics: metrics.List, machine: machines.Get, all: machines.NewListAllPager}, nil
}

// retention is how long Azure Monitor keeps metrics of the platform.
const retention = 93 * 24 * time.Hour

// periods are those that Azure Monitor has (its supported time grains, up to an hour), as ISO 8601 has them.
var periods = map[time.Duration]string{time.Minute: "PT1M", 5 * time.Minute: "PT5M", 15 * time.Minute: "PT15M", 30 * time.Minute: "PT30M", time.Hour: "PT1H"}

func (c Config) periods(env ingest.Env) ingest.Periods {
	return ingest.Periods{Source: name, Period: c.Period, Lag: c.Lag, Backfill: c.Backfill, Most: c.Most, Env: env}
}

func (c Config) check() error {
	errs := c.periods(ingest.Env{}).Faults(retention)
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	fault(!strings.Contains(c.ID, diskMark), "id is %q; it must contain %s", c.ID, diskMark)
	fault(periods[c.Period] == "", "period is %s; there is: 1m, 5m, 15m, 30m, 1h", c.Period)
	fault(c.Discover < time.Minute, "discover is %s; it must be 1m or more", c.Discover)
	for i, m := range c.Machines {
		group, vm, found := strings.Cut(m, "/")
		fault(!found || group == "" || vm == "" || strings.Contains(vm, "/"), "vms[%d] is %q; write GROUP/NAME", i, m)
	}
	return errors.Join(errs...)
}

// feed is a running source.
type feed struct {
	*Source
	*ingest.Feed
	found    time.Time // when disks were last looked for
	machines []machine
}

func (s *Source) feed(sink ingest.Sink, now time.Time) *feed {
	return &feed{Source: s, Feed: s.cfg.periods(s.env).Feed(sink, now)}
}

// Run catches up from where the backfill begins, and then asks for each period once Azure Monitor has it.
func (s *Source) Run(ctx context.Context, sink ingest.Sink) error {
	f := s.feed(sink, time.Now())
	return f.Feed.Run(ctx, f.advance)
}

// machine is a virtual machine, with its disks by where they are attached: the number of the unit, or osUnit.
type machine struct {
	id    string
	disks map[string]string
}

// osUnit stands for the place of the operating system's disk.
const osUnit = ""

// advance asks for the periods that came, as many as one call may give, and pushes them.
func (f *feed) advance(ctx context.Context, now time.Time) error {
	if now.Sub(f.found) >= f.cfg.Discover {
		machines, err := f.discover(ctx)
		if err != nil {
			return fmt.Errorf("find the disks of machines: %s", azuresdk.Text(err))
		}
		f.machines, f.found = machines, now
	}
	to := f.Next(now, maxPeriods)
	var batch []ingest.Reading
	for _, m := range f.machines {
		for _, set := range sets(f.cfg.OS) {
			list, err := f.fetch(ctx, m, set, f.Done, to)
			if err != nil {
				return fmt.Errorf("read the metrics of %s: %s", azuresdk.Redact(m.id), azuresdk.Text(err))
			}
			batch = append(batch, list...)
		}
	}
	slices.SortStableFunc(batch, func(a, b ingest.Reading) int { return cmp.Compare(a.Time, b.Time) })
	if err := f.Sink.Push(ctx, batch); err != nil {
		return err
	}
	f.Done = to
	return nil
}

// discover registers the disks of the machines that are named, or of all.
func (f *feed) discover(ctx context.Context) (list []machine, err error) {
	for _, m := range f.cfg.Machines {
		group, vm, _ := strings.Cut(m, "/")
		out, err := f.machine(ctx, group, vm, nil)
		if err != nil {
			return nil, err
		}
		list = append(list, f.take(out.VirtualMachine))
	}
	if len(f.cfg.Machines) > 0 {
		return list, nil
	}
	pages := f.all(nil)
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, m := range page.Value {
			list = append(list, f.take(*m))
		}
	}
	return list, nil
}

// take makes workloads of a machine's managed disks.
func (f *feed) take(m armcompute.VirtualMachine) machine {
	taken := machine{id: azuresdk.Value(m.ID), disks: map[string]string{}}
	if m.Properties == nil || m.Properties.StorageProfile == nil {
		return taken
	}
	add := func(unit string, managed *armcompute.ManagedDiskParameters) {
		if managed == nil || managed.ID == nil {
			return
		}
		group, disk, err := azuresdk.Parts(*managed.ID)
		if err != nil {
			return
		}
		key := group + "/" + disk
		f.Register(key, foreshock.ID(strings.NewReplacer(groupMark, group, diskMark, disk).Replace(f.cfg.ID)))
		taken.disks[unit] = key
	}
	if os := m.Properties.StorageProfile.OSDisk; os != nil && f.cfg.OS {
		add(osUnit, os.ManagedDisk)
	}
	for _, d := range m.Properties.StorageProfile.DataDisks {
		if d.Lun != nil {
			add(fmt.Sprint(*d.Lun), d.ManagedDisk)
		}
	}
	return taken
}

// Probe says whether Azure answers, and lets this account read machines and their metrics.
func (s *Source) Probe(ctx context.Context) (string, error) {
	id, err := s.first(ctx)
	if err == nil && id != "" {
		_, err = s.metrics(ctx, id, &armmonitor.MetricsClientListOptions{Metricnames: to.Ptr(sets(false)[0] + metrics[0].name), Metricnamespace: to.Ptr(namespace)})
	}
	switch {
	case err != nil:
		return "", fmt.Errorf("%s; the rights that are needed are in ingest/azuremonitor/README.md", azuresdk.Text(err))
	case id == "":
		return "answers; there are no machines", nil
	}
	return "answers; metrics of machines may be read", nil
}

// first is the whole name of a machine that would be read, or "".
func (s *Source) first(ctx context.Context) (string, error) {
	if len(s.cfg.Machines) > 0 {
		group, vm, _ := strings.Cut(s.cfg.Machines[0], "/")
		out, err := s.machine(ctx, group, vm, nil)
		return azuresdk.Value(out.ID), err
	}
	page, err := s.all(nil).NextPage(ctx)
	if err != nil || len(page.Value) == 0 {
		return "", err
	}
	return azuresdk.Value(page.Value[0].ID), nil
}
