package aws

import (
	"testing"

	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/config"
)

func TestSample(t *testing.T) {
	credentials(t, "http://127.0.0.1:1")
	file, err := config.Load("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Factory.New(file.Targets[0].Block.Decode, act.Env{}); err != nil || file.Targets[0].Kind != Factory.Name {
		t.Error(err)
	}
}
