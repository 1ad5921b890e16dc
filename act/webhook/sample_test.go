package webhook

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/config"
)

func TestSample(t *testing.T) {
	file, err := config.Load("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(key, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Factory.New(func(into any) error {
		err := file.Targets[0].Block.Decode(into)
		into.(*Config).SecretFile = key // that of the sample is not here
		return err
	}, act.Env{})
	if err != nil || file.Targets[0].Kind != Factory.Name {
		t.Error(err)
	}
}
