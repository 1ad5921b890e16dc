package embedded

import (
	"testing"

	"github.com/foreshock-io/foreshock/config"
)

func TestSample(t *testing.T) {
	file, err := config.Load("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Store.Block.Decode(&Config{}); err != nil || file.Store.Kind != Factory.Name {
		t.Error(err)
	}
}
