package app

import (
	"log/slog"
	"sort"
	"strings"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/api/access"
	"github.com/foreshock-io/foreshock/api/keda"
	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/detect"
	"github.com/foreshock-io/foreshock/forecast"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/kube/policies"
	"github.com/foreshock-io/foreshock/profile"
	"github.com/foreshock-io/foreshock/store"
	"github.com/foreshock-io/foreshock/store/embedded"
)

// parts are the components that a configuration names, made but not started.
type parts struct {
	sources  []namedSource
	profiles store.Profiles // nil: the embedded ones
	profile  profile.Config
	detector *detect.Detector
	chooser  *forecast.Chooser
	planner  capacity.Planner // all of them together; nil without any
	planners []namedPlanner
	targets  map[string]act.Target
	policies []decide.Policy
	executor act.Config
	access   *access.Guard
	keda     *keda.Scaler // nil: KEDA is not served
	drops    *ingest.Drops

	notifiers []namedNotifier

	policiesFrom *policies.Source // nil: the file alone has policies
	objects      []policies.Object
	verdicts     []verdict // of each of the objects
}

type namedSource struct {
	name   string
	source ingest.Source
}

type namedPlanner struct {
	name    string
	planner capacity.Planner
}

// faultList gathers what is wrong, each with its place.
type faultList struct {
	config config.Config
	faults config.Faults
}

func (l *faultList) at(n config.Node, err error) {
	if err == nil {
		return
	}
	faults := n.Fault(err)
	for i := range faults {
		if faults[i].File == "" { // it is about what the file leaves to its default
			faults[i].File = l.config.File()
		}
	}
	l.faults = append(l.faults, faults...)
}

func (l *faultList) text(path, format string, args ...any) {
	l.faults = append(l.faults, l.config.Fault(path, format, args...))
}

// decoder is how a component reads its block.
func decoder(n config.Node) func(any) error { return n.Decode }

// build makes every component of c and reports all faults at once. It opens no store and starts nothing.
func build(c config.Config, log *slog.Logger) (*parts, error) {
	l := &faultList{config: c}
	p := &parts{targets: map[string]act.Target{}, drops: new(ingest.Drops)}
	p.buildStages(c, l)
	p.buildSources(c, l, log)
	p.buildStore(c, l, log)
	p.buildCapacity(c, l, log)
	p.buildTargets(c, l, log)
	p.buildPolicies(c, l, log)
	p.buildNotifiers(c, l, log)
	p.buildKEDA(c, l, log)
	p.buildAccess(c, l, log)
	if l.faults != nil {
		l.faults.Sort()
		return nil, l.faults
	}
	return p, nil
}

func (p *parts) buildAccess(c config.Config, l *faultList, log *slog.Logger) {
	settings := access.Default()
	if err := c.Access.Decode(&settings); err != nil {
		l.at(c.Access, err)
		return
	}
	var err error
	p.access, err = access.New(settings, c.TokenFile, log)
	for _, f := range c.Access.Fault(err) {
		if setting, rest, _ := strings.Cut(f.Text, ": "); setting == "token_file" { // it stands beside access
			l.text(setting, "%s", rest)
			continue
		}
		l.at(c.Access, config.Faults{f})
	}
	loopback, _ := config.Loopback(c.Listen) // checked with the configuration
	if err == nil && !loopback && p.access.Open() {
		l.text("listen", "%s can be reached from other machines; set token_file, access.oidc or access.tls.clients, or listen on 127.0.0.1", c.Listen)
	}
}

// Check says everything that is wrong with a configuration, or nil.
func Check(c config.Config) error {
	_, err := build(c, slog.New(slog.DiscardHandler))
	return err
}

func (p *parts) buildSources(c config.Config, l *faultList, log *slog.Logger) {
	for _, item := range c.Sources {
		f, ok := find(sources, item.Kind, func(f ingest.Factory) string { return f.Name })
		if !ok {
			l.at(item.Block, unknown("source", item.Kind, sources, func(f ingest.Factory) string { return f.Name }))
			continue
		}
		s, err := f.New(decoder(item.Block), ingest.Env{Log: log.With("source", item.Name), Step: c.Step, History: p.profile.History, Drops: p.drops})
		if err != nil {
			l.at(item.Block, err)
			continue
		}
		p.sources = append(p.sources, namedSource{item.Name, s})
	}
}

func (p *parts) buildStore(c config.Config, l *faultList, log *slog.Logger) {
	name := func(f store.Factory) string { return f.Name }
	f, ok := find(stores, c.Store.Kind, name)
	if !ok {
		l.at(c.Store.Block, unknown("store", c.Store.Kind, stores, name))
		return
	}
	if f.Name == embedded.Factory.Name { // it is opened with the journal, which it always holds
		l.at(c.Store.Block, c.Store.Block.Decode(&embedded.Config{}))
		return
	}
	var err error
	p.profiles, err = f.New(decoder(c.Store.Block), store.Env{Log: log.With("store", f.Name), Dir: c.Data})
	l.at(c.Store.Block, err)
}

// detectBlock is the detect block: the methods by name with a weight each, and the detector's settings.
type detectBlock struct {
	detect.Config `yaml:",inline"`
	Methods       []config.Node `yaml:"methods"`
}

// forecastBlock is the forecast block.
type forecastBlock struct {
	forecast.Config `yaml:",inline"`
	Models          []config.Node `yaml:"models"`
}

func (p *parts) buildStages(c config.Config, l *faultList) {
	p.profile = profile.Default()
	l.at(c.Profile, c.Profile.Decode(&p.profile))
	l.at(c.Profile, p.profile.Check())

	d := detectBlock{Config: detect.Default()}
	l.at(c.Detect, c.Detect.Decode(&d))
	known := len(l.faults)
	weighted := p.buildMethods(d.Methods, l)
	var err error
	if len(l.faults) == known { // else it lacks those that are faulty
		p.detector, err = detect.New(d.Config, weighted...)
		l.at(c.Detect, err)
	}

	f := forecastBlock{Config: forecast.Default()}
	l.at(c.Forecast, c.Forecast.Decode(&f))
	known = len(l.faults)
	chosen := p.buildModels(f.Models, l)
	if len(l.faults) == known {
		p.chooser, err = forecast.New(f.Config, chosen)
		l.at(c.Forecast, err)
	}

	p.executor = act.DefaultConfig()
	l.at(c.Executor, c.Executor.Decode(&p.executor))
	l.at(c.Executor, p.executor.Check())
}

func (p *parts) buildMethods(nodes []config.Node, l *faultList) []detect.Weighted {
	name := func(f detect.Factory) string { return f.Name }
	if nodes == nil {
		var list []detect.Weighted
		for _, f := range methods {
			m, err := f.New(func(any) error { return nil })
			if err != nil {
				l.text("detect", "%s: %s", f.Name, err)
				continue
			}
			list = append(list, detect.Weighted{Method: m, Weight: 1})
		}
		return list
	}
	var list []detect.Weighted
	for _, n := range nodes {
		kind, weight, block, err := n.Component()
		f, ok := find(methods, kind, name)
		if err == nil && !ok {
			err = unknown("method", kind, methods, name)
		}
		if err != nil {
			l.at(n, err)
			continue
		}
		m, err := f.New(decoder(block))
		if err != nil {
			l.at(block, err)
			continue
		}
		list = append(list, detect.Weighted{Method: m, Weight: weight})
	}
	return list
}

func (p *parts) buildModels(nodes []config.Node, l *faultList) []forecast.Model {
	var list []forecast.Model
	if nodes == nil {
		for _, f := range models {
			if m, err := f.New(func(any) error { return nil }); err == nil {
				list = append(list, m)
			}
		}
		return list
	}
	for _, n := range nodes {
		kind, _, block, err := n.Component()
		f, ok := find(models, kind, modelName)
		if err == nil && !ok {
			err = unknown("model", kind, models, modelName)
		}
		if err != nil {
			l.at(n, err)
			continue
		}
		m, err := f.New(decoder(block))
		if err != nil {
			l.at(block, err)
			continue
		}
		list = append(list, m)
	}
	return list
}

func (p *parts) buildCapacity(c config.Config, l *faultList, log *slog.Logger) {
	name := func(f capacity.Factory) string { return f.Name }
	var list []capacity.Planner
	for _, item := range c.Capacity {
		f, ok := find(planners, item.Kind, name)
		if !ok {
			l.at(item.Block, unknown("planner", item.Kind, planners, name))
			continue
		}
		planner, err := f.New(decoder(item.Block), capacity.Env{Log: log.With("planner", item.Name)})
		if err != nil {
			l.at(item.Block, err)
			continue
		}
		list = append(list, planner)
		p.planners = append(p.planners, namedPlanner{item.Name, planner})
	}
	if list != nil {
		p.planner = capacity.All(list...)
	}
}

func (p *parts) buildTargets(c config.Config, l *faultList, log *slog.Logger) {
	name := func(f act.Factory) string { return f.Name }
	for _, item := range c.Targets {
		f, ok := find(targets, item.Kind, name)
		if !ok {
			l.at(item.Block, unknown("target", item.Kind, targets, name))
			continue
		}
		t, err := f.New(decoder(item.Block), act.Env{
			Log: log.With("target", item.Name), Name: item.Name,
			Target: func(name string) (act.Target, bool) { t, ok := p.targets[name]; return t, ok },
		})
		if err != nil {
			l.at(item.Block, err)
			continue
		}
		p.targets[item.Name] = t
	}
}

// buildKEDA makes what serves KEDA, where a listener is given.
func (p *parts) buildKEDA(c config.Config, l *faultList, log *slog.Logger) {
	if !c.KEDA.Given() {
		return
	}
	var cfg keda.Config
	err := c.KEDA.Decode(&cfg)
	if err == nil {
		p.keda, err = keda.New(cfg, log)
	}
	l.at(c.KEDA, err)
}

func find[F any](list []F, name string, nameOf func(F) string) (F, bool) {
	for _, f := range list {
		if nameOf(f) == name {
			return f, true
		}
	}
	var none F
	return none, false
}

func unknown[F any](what, name string, list []F, nameOf func(F) string) error {
	var names []string
	for _, f := range list {
		names = append(names, nameOf(f))
	}
	sort.Strings(names)
	return foreshock.NoSuch(what, name, names)
}
