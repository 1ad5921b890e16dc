// Package policies reads the ScalingPolicy objects of a cluster, follows them, and writes into their status what came of them. What a policy
// says, and whether it is taken, is for others to know.
package policies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/foreshock-io/foreshock/kube"
)

// Config is the kubernetes block of policies_from.
type Config struct {
	kube.Config `yaml:",inline"`
	Selector    string        `yaml:"selector"` // of labels: only objects that have them are taken; default all
	Report      time.Duration `yaml:"report"`   // how often the status is written at most; default 10s
}

// Defaults are the settings where a file says nothing.
func Defaults() Config { return Config{Config: kube.Defaults(), Report: 10 * time.Second} }

// The kind of the objects, and the resource by which they are reached.
const (
	Group    = "foreshock.io"
	Version  = "v1alpha1"
	Kind     = "ScalingPolicy"
	Resource = "scalingpolicies"
)

var kind = schema.GroupVersionResource{Group: Group, Version: Version, Resource: Resource}

// Source is where the objects are. It is safe for concurrent use.
type Source struct {
	Config
	cluster *kube.Cluster
	log     *slog.Logger
	pause   time.Duration // between two looks at all objects, at least; more where they cannot be read
}

// New reads the settings and calls nobody.
func New(cfg Config, log *slog.Logger) (*Source, error) {
	cluster, err := kube.Connect(cfg.Config)
	errs := []error{err}
	if _, err := labels.Parse(cfg.Selector); err != nil {
		errs = append(errs, fmt.Errorf("selector: %w; write for example team=storage", err))
	}
	if cfg.Report < time.Second {
		errs = append(errs, fmt.Errorf("report must be at least 1s, not %s", cfg.Report))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Source{Config: cfg, cluster: cluster, log: log, pause: 500 * time.Millisecond}, nil
}

// Object is a policy as it stands in the cluster.
type Object struct {
	Name       string
	UID        string
	Generation int64  // counts the versions of the spec
	Spec       []byte // JSON; nil where there is none

	status map[string]any // as it was last read or written
}

// Same says whether two lists are of the same objects with the same specs. Their status may be written meanwhile.
func Same(a, b []Object) bool {
	for i := range a {
		if i >= len(b) || a[i].UID != b[i].UID || a[i].Generation != b[i].Generation {
			return false
		}
	}
	return len(a) == len(b)
}

// List reads all objects, in the order of their names.
func (s *Source) List(ctx context.Context) ([]Object, error) {
	list, _, err := s.list(ctx)
	return list, err
}

func (s *Source) list(ctx context.Context) (list []Object, version string, err error) {
	found, err := s.cluster.Resource(kind).List(ctx, metav1.ListOptions{LabelSelector: s.Selector})
	if apierrors.IsNotFound(err) {
		err = fmt.Errorf("the cluster knows no %s; apply deploy/kubernetes/scalingpolicy.yaml: %w", Kind, err)
	}
	if err != nil {
		return nil, "", fmt.Errorf("list %s.%s: %w", Resource, Group, err)
	}
	list = make([]Object, 0, len(found.Items))
	for i := range found.Items {
		o, err := read(&found.Items[i])
		if err != nil {
			return nil, "", err
		}
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b Object) int { return strings.Compare(a.Name, b.Name) })
	return list, found.GetResourceVersion(), nil
}

func read(u *unstructured.Unstructured) (o Object, err error) {
	o = Object{Name: u.GetName(), UID: string(u.GetUID()), Generation: u.GetGeneration()}
	o.status, _, _ = unstructured.NestedMap(u.Object, "status")
	if spec, stated := u.Object["spec"]; stated {
		o.Spec, err = json.Marshal(spec)
	}
	return o, err
}

// mostPause is the longest time for which objects that cannot be read are left alone.
const mostPause = 30 * time.Second

// Follow calls seen with all objects, which are its own then, at first and whenever one came, went or got another spec, until ctx ends. While they cannot be read, and
// after an error of seen, it tries again, more and more seldom.
func (s *Source) Follow(ctx context.Context, seen func([]Object) error) {
	pause := s.pause
	for {
		err := s.follow(ctx, seen)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.log.Warn("policies of the cluster cannot be followed; those that were read stay in force", "err", err, "again_in", pause)
			pause = min(2*pause, mostPause)
		default:
			pause = s.pause
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// follow looks once at all objects and then waits until one of them is another, or the watch ends.
func (s *Source) follow(ctx context.Context, seen func([]Object) error) error {
	list, version, err := s.list(ctx)
	if err != nil {
		return err
	}
	known := map[string]int64{}
	for _, o := range list {
		known[o.UID] = o.Generation
	}
	if err := seen(list); err != nil {
		return err
	}
	seconds := int64(300)
	w, err := s.cluster.Watch(ctx, kind, metav1.ListOptions{LabelSelector: s.Selector, ResourceVersion: version, TimeoutSeconds: &seconds})
	if err != nil {
		return fmt.Errorf("watch %s.%s: %w", Resource, Group, err)
	}
	defer w.Stop()
	for e := range w.ResultChan() {
		if e.Type == watch.Error && !apierrors.IsResourceExpired(apierrors.FromObject(e.Object)) {
			return apierrors.FromObject(e.Object)
		}
		u, is := e.Object.(*unstructured.Unstructured)
		if !is || e.Type == watch.Deleted || known[string(u.GetUID())] != u.GetGeneration() {
			return nil // what comes along with it is seen with it
		}
	}
	return nil
}
