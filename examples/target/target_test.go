package target

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/acttest"
)

func TestTarget(t *testing.T) {
	acttest.Run(t, func(t *testing.T) acttest.Subject {
		folder := t.TempDir()
		for _, service := range []string{"orders", "mail"} {
			if err := os.WriteFile(filepath.Join(folder, service), []byte("2\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		made, err := New(Config{Folder: folder, Most: 16}, act.Env{})
		if err != nil {
			t.Fatal(err)
		}
		calls := 0
		made.(*target).put = func(root *os.Root, file, text string) error {
			calls++
			return replace(root, file, text)
		}
		s := acttest.Subject{Target: made, Resource: "orders", Missing: "nobody", Calls: func() int { return calls }, Others: func() string {
			text, err := os.ReadFile(filepath.Join(folder, "mail"))
			if err != nil {
				t.Error(err)
			}
			return string(text)
		}}
		s.To.Set(foreshock.DimReplicas, 4)
		return s
	})
}

// The program with the target's line in the list knows its block.
func TestOneLine(t *testing.T) {
	const list = "../../app/targets.go"
	source, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	added := strings.NewReplacer(
		"import (", "import (\n\texample \"github.com/foreshock-io/foreshock/examples/target\"",
		"[]act.Factory{", "[]act.Factory{\n\texample.Factory,",
	).Replace(string(source))
	folder := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	original, err := filepath.Abs(list)
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{original: write("targets.go", added)}})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "run", "-overlay", write("overlay.json", string(overlay)), "../../cmd/foreshock", "check", "--offline", "sample.yaml")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as other tests build it
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
}
