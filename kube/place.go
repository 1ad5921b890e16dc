package kube

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Place is where a resource is in a cluster.
type Place struct {
	Kind      string // a resource with its API group: statefulsets.apps, pods
	Namespace string
	Name      string
	Part      string // of it: "" for itself, else Volumes or Containers
	Detail    string // the template of the volumes, or the container
}

// The parts of a workload, and the kind of a place that is a claim.
const (
	Volumes    = "volumes"
	Containers = "containers"
	Claims     = "persistentvolumeclaims"
)

var errPlace = errors.New("write KIND/NAMESPACE/NAME for replicas, with /volumes/TEMPLATE (of a StatefulSet) or /containers/CONTAINER for those, " +
	"or persistentvolumeclaims/NAMESPACE/NAME")

// ParsePlace reads KIND/NAMESPACE/NAME, KIND/NAMESPACE/NAME/volumes/TEMPLATE and KIND/NAMESPACE/NAME/containers/CONTAINER.
func ParsePlace(text string) (Place, error) {
	parts := strings.Split(text, "/")
	strange := slices.ContainsFunc(parts, func(part string) bool {
		return part == "" || strings.ContainsAny(part, " %\\") || strings.Trim(part, ".") == ""
	})
	if strange || len(parts) != 3 && len(parts) != 5 {
		return Place{}, fmt.Errorf("%q is no place: %w", text, errPlace)
	}
	p := Place{Kind: parts[0], Namespace: parts[1], Name: parts[2]}
	if len(parts) == 5 {
		p.Part, p.Detail = parts[3], parts[4]
	}
	if len(parts) == 5 && p.Part != Volumes && p.Part != Containers || p.Part == Volumes && p.Kind != "statefulsets.apps" {
		return Place{}, fmt.Errorf("%q is no place: %w", text, errPlace)
	}
	return p, nil
}

// Places are names of one's own for places; every other name is a place itself.
type Places map[string]string

// Check says which of them are none.
func (ps Places) Check() error {
	var errs []error
	for name, text := range ps {
		if _, err := ParsePlace(text); err != nil {
			errs = append(errs, fmt.Errorf("resources: %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// Find gives the place of a resource.
func (ps Places) Find(resource string) (Place, error) {
	if text, named := ps[resource]; named {
		resource = text
	}
	return ParsePlace(resource)
}
