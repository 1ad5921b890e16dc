// Package kube connects to the API server of a Kubernetes cluster, for the targets and planners that ask one.
package kube

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
)

// Config says where the API server is.
type Config struct {
	Kubeconfig string        `yaml:"kubeconfig"` // a file; default: the pod's service account, else $KUBECONFIG, else ~/.kube/config
	Context    string        `yaml:"context"`    // in the file; default: its current one
	Timeout    time.Duration `yaml:"timeout"`    // of each request, which the API server gives up then as well; default 8s
}

// Defaults are the settings where a file says nothing.
func Defaults() Config { return Config{Timeout: 8 * time.Second} }

// Cluster is a connection. It is safe for concurrent use.
type Cluster struct {
	dynamic.Interface
	watching  dynamic.Interface // without a time limit
	discovery discovery.DiscoveryInterface

	mu     sync.Mutex      // guards what follows
	kinds  meta.RESTMapper // nil: not read yet
	readAt time.Time
}

// renewal is how old the list of kinds is at least before one that is not in it is looked for again: much that is asked for is never there.
const renewal = 15 * time.Second

// Connect reads the settings and calls nobody. A request that changes something is sent once, whatever is answered.
func Connect(cfg Config) (*Cluster, error) {
	if cfg.Timeout <= 0 {
		return nil, fmt.Errorf("timeout must be above 0, not %s", cfg.Timeout)
	}
	c, err := load(cfg)
	if err != nil {
		return nil, fmt.Errorf("%w; set kubeconfig, or run in a pod with a service account", err)
	}
	c.Timeout = cfg.Timeout
	c.QPS, c.Burst = 50, 100
	c.UserAgent = "foreshock"
	c.WarningHandler = rest.NoWarnings{}
	c.Wrap(func(next http.RoundTripper) http.RoundTripper { return once{next} })
	d, err := dynamic.NewForConfig(c)
	if err != nil {
		return nil, err
	}
	kinds, err := discovery.NewDiscoveryClientForConfig(c)
	if err != nil {
		return nil, err
	}
	c.Timeout = 0
	watching, err := dynamic.NewForConfig(c)
	if err != nil {
		return nil, err
	}
	return &Cluster{Interface: d, watching: watching, discovery: kinds}, nil
}

func load(cfg Config) (*rest.Config, error) {
	if cfg.Kubeconfig == "" && cfg.Context == "" && os.Getenv("KUBECONFIG") == "" {
		if c, err := rest.InClusterConfig(); err == nil {
			return c, nil
		}
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = cfg.Kubeconfig
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: cfg.Context}).ClientConfig()
}

// once keeps client-go from sending a change again: it does so by itself where an answer has Retry-After.
type once struct{ next http.RoundTripper }

func (o once) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := o.next.RoundTrip(r)
	if err == nil && r.Method != http.MethodGet {
		answer.Header.Del("Retry-After")
	}
	return answer, err
}

// Kind finds the resource and kind of a name such as "statefulsets.apps" or "pods". One that is not known is looked for again, as it may be new;
// then the error is one of meta.IsNoMatchError.
func (c *Cluster) Kind(name string) (*meta.RESTMapping, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kinds != nil {
		m, err := mapping(c.kinds, name)
		if !meta.IsNoMatchError(err) || time.Since(c.readAt) < renewal {
			return m, err
		}
	}
	groups, err := restmapper.GetAPIGroupResources(c.discovery)
	if err != nil {
		return nil, fmt.Errorf("list the kinds of the cluster: %w", err)
	}
	c.kinds, c.readAt = restmapper.NewDiscoveryRESTMapper(groups), time.Now()
	return mapping(c.kinds, name)
}

// Forget lets the list of kinds be read again.
func (c *Cluster) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kinds = nil
}

func mapping(kinds meta.RESTMapper, name string) (*meta.RESTMapping, error) {
	kind, err := kinds.KindFor(schema.ParseGroupResource(name).WithVersion(""))
	if err != nil {
		return nil, err
	}
	return kinds.RESTMapping(kind.GroupKind(), kind.Version)
}

// List reads all objects of a kind in a namespace ("": all of them), by pages; selector is one of labels, or "".
func (c *Cluster) List(ctx context.Context, gvr schema.GroupVersionResource, namespace, selector string) ([]unstructured.Unstructured, error) {
	options := metav1.ListOptions{LabelSelector: selector, Limit: 500}
	var list []unstructured.Unstructured
	for {
		page, err := c.Resource(gvr).Namespace(namespace).List(ctx, options)
		if err != nil {
			return nil, err
		}
		list = append(list, page.Items...)
		if options.Continue = page.GetContinue(); options.Continue == "" {
			return list, nil
		}
	}
}

// Watch follows the objects of a kind in all namespaces from a version of their list on, as long as the options say.
func (c *Cluster) Watch(ctx context.Context, gvr schema.GroupVersionResource, options metav1.ListOptions) (watch.Interface, error) {
	return c.watching.Resource(gvr).Watch(ctx, options)
}

// Fault is what an error of the API server means for a change that was asked for.
type Fault uint8

// The faults. Each but Doubt means that the change is surely not in effect.
const (
	Doubt     Fault = iota // no answer, or one that leaves it open
	Rejected               // invalid, in conflict with another change, over a quota, or never sent
	Missing                // no such object, or no such kind
	Throttled              // too many requests
	Forbidden              // the right is missing
)

// FaultOf says what an error means.
func FaultOf(err error) Fault {
	var dial *net.OpError
	switch {
	case apierrors.IsTooManyRequests(err):
		return Throttled
	case apierrors.IsUnauthorized(err), apierrors.IsForbidden(err) && strings.Contains(err.Error(), `: User "`):
		return Forbidden
	case apierrors.IsNotFound(err), meta.IsNoMatchError(err):
		return Missing
	case apierrors.IsForbidden(err), apierrors.IsConflict(err), apierrors.IsInvalid(err), apierrors.IsBadRequest(err),
		apierrors.IsMethodNotSupported(err), apierrors.IsAlreadyExists(err), apierrors.IsGone(err):
		return Rejected
	case errors.As(err, &dial) && dial.Op == "dial":
		return Rejected
	}
	return Doubt
}
