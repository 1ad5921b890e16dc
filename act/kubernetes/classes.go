package kubernetes

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/kube"
)

var (
	storageKind    = schema.GroupVersionResource{Group: "storage.k8s.io", Version: "v1", Resource: "storageclasses"}
	attributesKind = schema.GroupVersionResource{Group: "storage.k8s.io", Version: "v1", Resource: "volumeattributesclasses"}
)

// Attributes names the parameters of a CSI driver's VolumeAttributesClass.
type Attributes struct {
	IOPS       string  `yaml:"iops"`
	Throughput string  `yaml:"throughput"`
	Unit       float64 `yaml:"unit" unit:"bytes/s"` // of throughput, in bytes/s
	Suffix     string  `yaml:"suffix"`              // after the number of throughput
}

// drivers are the parameters of those drivers that document them: aws-ebs-csi-driver docs/modify-volume.md, azuredisk-csi-driver
// docs/driver-parameters.md, and Google's page on Hyperdisk and VolumeAttributesClass.
var drivers = map[string]Attributes{
	"ebs.csi.aws.com":       {IOPS: "iops", Throughput: "throughput", Unit: 1 << 20},
	"disk.csi.azure.com":    {IOPS: "DiskIOPSReadWrite", Throughput: "DiskMBpsReadWrite", Unit: 1e6},
	"pd.csi.storage.gke.io": {IOPS: "iops", Throughput: "throughput", Unit: 1 << 20, Suffix: "Mi"},
}

// classes are the classes that claims refer to, each read once.
type classes struct {
	target  *target
	storage map[string]*unstructured.Unstructured
	all     []unstructured.Unstructured // of attributes
	listed  bool
}

func (c *classes) storageClass(ctx context.Context, name string) (*unstructured.Unstructured, error) {
	if o := c.storage[name]; o != nil {
		return o, nil
	}
	if name == "" { // a volume that somebody made by hand
		return &unstructured.Unstructured{Object: map[string]any{}}, nil
	}
	o, err := c.target.cluster.Resource(storageKind).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	if c.storage == nil {
		c.storage = map[string]*unstructured.Unstructured{}
	}
	c.storage[name] = o
	return o, nil
}

// attributed is what a claim's change of attributes is made from.
type attributed struct {
	driver     string
	names      Attributes
	parameters map[string]string // in effect
	known      []unstructured.Unstructured
}

// attributes reads IOPS and throughput from the class in effect; where a claim has none, from its storage class.
func (c *classes) attributes(ctx context.Context, m *member, storage *unstructured.Unstructured, bound bool) error {
	driver := kube.Text(storage, "provisioner")
	names, known := c.target.Drivers[driver]
	if !known {
		if names, known = drivers[driver]; !known {
			return nil
		}
	}
	if _, err := c.target.cluster.Kind("volumeattributesclasses.storage.k8s.io"); meta.IsNoMatchError(err) {
		return nil
	}
	if !c.listed {
		all, err := c.target.cluster.List(ctx, attributesKind, "", "")
		if err != nil {
			return err
		}
		c.all, c.listed = all, true
	}
	a := attributed{driver: driver, names: names, known: c.all}
	a.parameters = a.of(kube.Text(m.object, "status", "currentVolumeAttributesClassName"), storage)
	m.has = m.has.Over(a.amounts(a.parameters))
	m.asked = m.asked.Over(a.amounts(a.of(kube.Text(m.object, "spec", "volumeAttributesClassName"), storage)))
	if bound {
		if _, has := m.has.Get(foreshock.DimIOPS); has {
			m.rules[foreshock.DimIOPS] = foreshock.Rule{Min: 1, Quantum: 1, Down: true}
		}
		if _, has := m.has.Get(foreshock.DimThroughput); has {
			m.rules[foreshock.DimThroughput] = foreshock.Rule{Min: names.Unit, Quantum: names.Unit, Down: true}
		}
	}
	m.attributed = a
	return nil
}

// of gives the parameters of a class. Where a claim has no class, the amounts that its storage class begins with hold.
func (a *attributed) of(class string, storage *unstructured.Unstructured) map[string]string {
	if class == "" {
		parameters, _, _ := unstructured.NestedStringMap(storage.Object, "parameters")
		maps.DeleteFunc(parameters, func(key, _ string) bool { return key != a.names.IOPS && key != a.names.Throughput })
		return parameters
	}
	for i := range a.known {
		if a.known[i].GetName() == class {
			parameters, _, _ := unstructured.NestedStringMap(a.known[i].Object, "parameters")
			return parameters
		}
	}
	return nil
}

func (a *attributed) amounts(parameters map[string]string) (amounts foreshock.Allocation) {
	if q, err := resource.ParseQuantity(parameters[a.names.IOPS]); err == nil {
		amounts.Set(foreshock.DimIOPS, q.AsApproximateFloat64())
	}
	if q, err := resource.ParseQuantity(parameters[a.names.Throughput]); err == nil {
		x := q.AsApproximateFloat64()
		if a.names.Suffix == "" {
			x *= a.names.Unit
		}
		amounts.Set(foreshock.DimThroughput, x)
	}
	return amounts
}

// class finds the class for amounts, which otherwise are as they are. Where there is none it is to be made first, named after what it says.
func (a *attributed) class(to foreshock.Allocation) (name string, first *unstructured.Unstructured) {
	parameters := maps.Clone(a.parameters)
	iops, moreIOPS := to.Get(foreshock.DimIOPS)
	if moreIOPS {
		parameters[a.names.IOPS] = strconv.FormatInt(int64(iops), 10)
	}
	throughput, moreThroughput := to.Get(foreshock.DimThroughput)
	if moreThroughput {
		parameters[a.names.Throughput] = strconv.FormatInt(int64(throughput/a.names.Unit), 10) + a.names.Suffix
	}
	if !moreIOPS && !moreThroughput {
		return "", nil
	}
	for i := range a.known {
		has, _, _ := unstructured.NestedStringMap(a.known[i].Object, "parameters")
		if kube.Text(&a.known[i], "driverName") == a.driver && maps.Equal(has, parameters) {
			return a.known[i].GetName(), nil
		}
	}
	written, _ := json.Marshal(parameters) // sorted
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s", a.driver, written))
	name = managerPrefix + hex.EncodeToString(sum[:10])
	of := map[string]any{}
	for k, v := range parameters {
		of[k] = v
	}
	return name, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttributesClass", "driverName": a.driver, "parameters": of,
		"metadata": map[string]any{"name": name, "labels": map[string]any{"app.kubernetes.io/managed-by": "foreshock"}},
	}}
}
