package libvirt

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/hypervisor/libvirt/libvirttest"
)

// A guest with a driver of the balloon is given memory and gives it back; it is done when the guest says so.
func TestBalloon(t *testing.T) {
	d := libvirttest.Start(t)
	d.Define(t, "db1", libvirttest.Disk(d.Image(t, "a.img", mib), "vda", ""), d.Ballooner(t))
	d.Run(t, "db1", false)
	target, err := New(Config{Config: d.Config, Persist: true}, act.Env{})
	if err != nil {
		t.Fatal(err)
	}
	var now foreshock.Resource
	defer func() {
		if t.Failed() {
			said, _ := os.ReadFile(d.Console("db1"))
			t.Logf("now %+v, %v; the guest: %s", now, err, said)
		}
	}()
	await := func(what string, ok func() bool) {
		t.Helper()
		for deadline := time.Now().Add(3 * time.Minute); !ok(); time.Sleep(200 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("not within three minutes: %s", what)
			}
		}
	}
	await("the guest reports its memory", func() bool {
		now, err = target.Read(t.Context(), "db1")
		return err == nil && now.Rules[foreshock.DimMemory].Down && now.Allocated.Covers(amounts(memory, 128*mib))
	})
	least := now.Rules[foreshock.DimMemory].Min
	if least <= mib || least >= 128*mib {
		t.Errorf("it can do with %g MiB of 128", least/mib)
	}
	for _, x := range []float64{200, 250, 160} {
		a := foreshock.Action{Resource: "db1", To: amounts(memory, x*mib)}
		if err := target.Validate(now, a); err != nil {
			t.Error(err)
		}
		if err := target.Apply(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		await("the guest follows", func() bool {
			p, err := target.Follow(t.Context(), a)
			if err != nil || !p.Done && !p.UnderWay {
				t.Fatalf("%g MiB: %+v, %v", x, p, err)
			}
			return p.Done
		})
	}
	for _, x := range []float64{257, 1, 160.25} {
		if err := target.Validate(now, foreshock.Action{To: amounts(memory, x*mib)}); !errors.Is(err, act.ErrRule) {
			t.Errorf("%g MiB: %v", x, err)
		}
	}
}
