package ingest

import (
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	f := func(include, exclude, name string, want bool) {
		t.Helper()
		n, err := NewNames(include, exclude)
		if err != nil {
			t.Fatal(err)
		}
		if n.Want(name) != want {
			t.Errorf("%q of %q without %q: %v", name, include, exclude, !want)
		}
	}
	f("", "", "sda", true)
	f("sd[a-z]", "", "sda", true)
	f("sd[a-z]", "", "sda1", false) // all of the name
	f("sda|sdb", "", "xsdb", false)
	f("", "loop.*", "loop0", false)
	f("", "loop.*", "sda", true)
	f("sd.*", "sdb", "sdb", false)
	if !(Names{}).Want("any") {
		t.Error("the zero value leaves something out")
	}
	for what, list := range map[string][2]string{"include": {"(", ""}, "exclude": {"", "("}} {
		if _, err := NewNames(list[0], list[1]); err == nil || !strings.HasPrefix(err.Error(), what) {
			t.Errorf("of a broken %s: %v", what, err)
		}
	}
}
