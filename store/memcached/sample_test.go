package memcached

import (
	"reflect"
	"testing"

	"github.com/foreshock-io/foreshock/config"
)

func TestSample(t *testing.T) {
	file, err := config.Load("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got := Defaults()
	if err := file.Store.Block.Decode(&got); err != nil || file.Store.Kind != Factory.Name {
		t.Fatal(err)
	}
	if want := Defaults(); !reflect.DeepEqual(got, want) {
		t.Errorf("the sample says\n%+v, the defaults are\n%+v", got, want)
	}
}
