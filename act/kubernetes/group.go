package kubernetes

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/kube"
)

// member is one object of a resource: how much it has and how its change goes on.
type member struct {
	gvr     schema.GroupVersionResource
	object  *unstructured.Unstructured
	version string   // the object's, for which a change is meant
	through []string // the subresource by which it is changed

	has   foreshock.Allocation // in effect
	asked foreshock.Allocation // in its specification
	rules map[foreshock.Dimension]foreshock.Rule
	owner string // another controller of what would be changed
	busy  bool   // a change is under way
	ready bool   // what is asked for is in effect
	note  string // what is said of a change that is not

	failed     string     // why what is asked for cannot come, or ""
	container  string     // of a pod
	attributed attributed // of a claim
}

// group is what a resource consists of, and how a member is changed: patches are without the object's version.
type group struct {
	members []*member
	patch   func(m *member, to foreshock.Allocation) map[string]any
	// first gives a class that has to be there before a change; nil where none has.
	first func(m *member, to foreshock.Allocation) *unstructured.Unstructured
	// withdraw takes back what cannot come; nil where that cannot be.
	withdraw func(m *member) map[string]any
}

// change is a request to change one object.
type change struct {
	gvr             schema.GroupVersionResource
	namespace, name string
	through         []string
	kind            types.PatchType
	patch           map[string]any
	first           *unstructured.Unstructured // to be made before
}

// annotation has the field manager of the last action, where the object itself is changed: an amount that is taken back altogether leaves
// nothing else that would show it.
const annotation = "foreshock.io/action"

// change makes a request of a patch.
func (m *member) change(patch map[string]any, manager string) change {
	meta := map[string]any{"resourceVersion": m.version}
	if m.through == nil {
		meta["annotations"] = map[string]any{annotation: manager}
	}
	patch["metadata"] = meta
	c := change{gvr: m.gvr, namespace: m.object.GetNamespace(), name: m.object.GetName(), through: m.through, kind: types.MergePatchType, patch: patch}
	if m.container != "" { // lists of containers are merged by name
		c.kind = types.StrategicMergePatchType
	}
	return c
}

// allocated gives per dimension the least that any member has; it is absent where one has none.
func (g *group) allocated() foreshock.Allocation {
	all := g.members[0].has
	for _, m := range g.members[1:] {
		all = least(all, m.has)
	}
	return all
}

func least(a, b foreshock.Allocation) (both foreshock.Allocation) {
	for _, d := range a.Dimensions() {
		x, _ := a.Get(d)
		if y, known := b.Get(d); known {
			both.Set(d, min(x, y))
		}
	}
	return both
}

// rules gives the dimensions that can be changed of every member.
func (g *group) rules() map[foreshock.Dimension]foreshock.Rule {
	all := maps.Clone(g.members[0].rules)
	for _, m := range g.members[1:] {
		maps.DeleteFunc(all, func(d foreshock.Dimension, _ foreshock.Rule) bool { _, can := m.rules[d]; return !can })
	}
	return all
}

func (g *group) busy() bool {
	return slices.ContainsFunc(g.members, func(m *member) bool { return m.busy })
}

func (g *group) owner() string {
	for _, m := range g.members {
		if m.owner != "" {
			return m.owner
		}
	}
	return ""
}

// changes lists what an action has to ask for: of members that differ, growing lifts only the lower ones and reducing lowers only the
// higher ones. Where its field manager is, it was asked for already.
func (g *group) changes(manager string, action foreshock.Action) ([]change, error) {
	var todo []change
	sent := 0
	for _, m := range g.members {
		if managed(m.object, manager) {
			sent++
			continue
		}
		to := m.moves(action)
		if to.Empty() {
			continue
		}
		c := m.change(g.patch(m, to), manager)
		if g.first != nil {
			c.first = g.first(m, to)
		}
		todo = append(todo, c)
	}
	switch owner := g.owner(); {
	case len(todo) == 0 && sent > 0:
		return nil, nil
	case owner != "":
		return nil, fmt.Errorf("%w: %s owns %s", act.ErrRefused, owner, action.Resource)
	case sent == 0 && !g.allocated().Covers(action.From):
		return nil, fmt.Errorf("%w: %s has %s now, not %s", act.ErrRefused, action.Resource, g.allocated(), action.From)
	case len(todo) == 0:
		return nil, fmt.Errorf("%w: nothing would change", act.ErrRefused)
	}
	return todo, nil
}

// moves says what an action changes of a member.
func (m *member) moves(action foreshock.Action) (to foreshock.Allocation) {
	for _, d := range action.To.Dimensions() {
		x, _ := action.To.Get(d)
		from, _ := action.From.Get(d)
		has, known := m.has.Get(d)
		if known && (x > from && has < x || x < from && has > x) {
			to.Set(d, x)
		}
	}
	return to
}

// progress says how far a change of all members is.
func (g *group) progress(action foreshock.Action) act.Progress {
	p := act.Progress{Observed: g.allocated()}
	asked, ready, failed := true, true, false
	var notes []string
	for _, m := range g.members {
		asked = asked && m.wants(action)
		ready = ready && m.ready
		failed = failed || m.failed != ""
		if m.note != "" {
			notes = append(notes, m.object.GetName()+": "+m.note)
		}
	}
	p.Done, p.Failed, p.UnderWay = asked && ready, asked && failed, asked && !ready && !failed
	p.Note = strings.Join(notes, "; ")
	return p
}

// wants says whether a member's specification has the amounts. One that had more than the others before may still have it.
func (m *member) wants(action foreshock.Action) bool {
	for _, d := range action.To.Dimensions() {
		to, _ := action.To.Get(d)
		from, _ := action.From.Get(d)
		asked, known := m.asked.Get(d)
		const slack = 1e-6
		if !known || to >= from && asked < to*(1-slack) || to < from && asked > to*(1+slack) {
			return false
		}
	}
	return true
}

// managed says whether a field manager has written an object.
func managed(o *unstructured.Unstructured, manager string) bool {
	return slices.ContainsFunc(o.GetManagedFields(), func(f metav1.ManagedFieldsEntry) bool { return f.Manager == manager })
}

// members reads what a place consists of.
func (t *target) members(ctx context.Context, p kube.Place) (*group, error) {
	switch {
	case p.Part == kube.Volumes || p.Kind == kube.Claims:
		return t.claims(ctx, p)
	case p.Part == kube.Containers:
		return t.containers(ctx, p)
	}
	return t.replicas(ctx, p)
}
