package gcp

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/acttest"
	"github.com/foreshock-io/foreshock/act/acttest/gcptest"
)

// places are a zone's and a region's group.
var places = []string{"europe-west4-a/web", "europe-west4/web"}

func newGroup(t *testing.T, place string, g gcptest.Group) *rig {
	t.Helper()
	engine := gcptest.New(nil)
	engine.AddGroup(place, g)
	return newRig(t, Config{}, engine)
}

func TestGroupsPassTheKit(t *testing.T) {
	for _, place := range places {
		acttest.Run(t, func(t *testing.T) acttest.Subject {
			r := newGroup(t, place, gcptest.Group{Size: 3, Ready: 3, Starting: 20 * time.Millisecond})
			r.engine.Role = role(t, "foreshock groups")
			return r.subject("mig/"+place, "mig/europe-west4-a/none", replicas(5), nil)
		})
	}
}

// Whoever else sets the group's size owns it.
func TestOwnersOfGroups(t *testing.T) {
	f := func(place string, g gcptest.Group, want string) {
		t.Helper()
		r := newGroup(t, place, g)
		now, err := r.Read(t.Context(), "mig/"+place)
		if err != nil || now.Owner != want {
			t.Errorf("%+v, %v; want %q", now, err, want)
		}
		err = r.Apply(t.Context(), foreshock.Action{ID: "a", Resource: "mig/" + place, To: replicas(9)})
		if want != "" && (!errors.Is(err, act.ErrRefused) || !strings.Contains(err.Error(), want) || len(r.faults.Calls()) != 0) || want == "" && err != nil {
			t.Errorf("%s: %v", place, err)
		}
	}
	for _, place := range places {
		f(place, gcptest.Group{Size: 3, Ready: 3}, "")
		f(place, gcptest.Group{Size: 3, Ready: 3, Mode: "OFF"}, "")
		f(place, gcptest.Group{Size: 3, Ready: 3, Mode: "ON"}, "the autoscaler web")
		f(place, gcptest.Group{Size: 3, Ready: 3, Mode: "ONLY_SCALE_OUT"}, "the autoscaler web")
	}
	f("europe-west4-a/gke-pool-1", gcptest.Group{Size: 3, Ready: 3}, "Google Kubernetes Engine")
}

// A change is done when the instances are there, and works after their warm-up.
func TestFollowGroup(t *testing.T) {
	for _, place := range places {
		r := newGroup(t, place, gcptest.Group{Size: 3, Ready: 3, Mode: "OFF", CoolDown: 90, Starting: 5 * time.Minute}).stopped()
		start, a := r.now, foreshock.Action{ID: "a", Resource: "mig/" + place, From: replicas(3), To: replicas(5)}
		if err := r.Apply(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		f := func(after time.Duration, want act.Progress) {
			t.Helper()
			r.now = start.Add(after)
			if p, err := r.Follow(t.Context(), a); err != nil || p != want {
				t.Errorf("after %s: %+v, %v; want %+v", after, p, err, want)
			}
		}
		f(30*time.Second, act.Progress{Observed: replicas(3), UnderWay: true, Note: "the operation is under way, 0 %"})
		f(time.Minute, act.Progress{Observed: replicas(5), UnderWay: true, Note: "3 of 5 are ready"})
		f(10*time.Minute, act.Progress{Observed: replicas(5), Done: true, Works: start.Add(10*time.Minute + 90*time.Second)})
		if now, err := r.Read(t.Context(), a.Resource); err != nil || now.Busy || now.Allocated != replicas(5) {
			t.Errorf("%+v, %v", now, err)
		}
		if p, err := r.Follow(t.Context(), foreshock.Action{ID: "b", Resource: a.Resource, From: replicas(6), To: replicas(5)}); err != nil || !p.Done || !p.Works.IsZero() {
			t.Errorf("down: %+v, %v", p, err)
		}
	}
}

// The role of the README is enough for groups, and no right of it is too much.
func TestRoleOfGroups(t *testing.T) {
	var used []string
	rights := role(t, "foreshock groups")
	for _, place := range places {
		r := newGroup(t, place, gcptest.Group{Size: 3, Ready: 3, Mode: "OFF"})
		r.engine.Role = rights
		if err := r.Apply(t.Context(), foreshock.Action{ID: "a", Resource: "mig/" + place, From: replicas(3), To: replicas(5)}); err != nil {
			t.Error(err)
		}
		used = append(used, r.engine.Used()...)
	}
	slices.Sort(used)
	if used = slices.Compact(used); !slices.Equal(used, rights) {
		t.Errorf("used are %v, the README has %v", used, rights)
	}
}

// A request for a size is the same for a zone's and a region's group, and names the size.
func TestSizeIsAbsolute(t *testing.T) {
	for _, place := range places {
		r := newGroup(t, place, gcptest.Group{Size: 3, Ready: 3})
		if err := r.Apply(t.Context(), foreshock.Action{ID: "a", Resource: "mig/" + place, From: replicas(3), To: replicas(5)}); err != nil {
			t.Fatal(err)
		}
		if calls := r.faults.Calls(); len(calls) != 1 || !strings.Contains(calls[0].Path, "/resize?requestId="+token("a", 0)+"&size=5") {
			t.Error(fmt.Sprint(calls))
		}
	}
}
