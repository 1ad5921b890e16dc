package e2e_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"
)

// Demand that a real Prometheus has, nine days of it in two questions, comes to the same as a file of it; what it refuses is told in its own words.
func TestSimulateFromPrometheus(t *testing.T) {
	t.Parallel()
	const days = 9
	prometheus, promtool := installed(t, "prometheus", "prometheus"), installed(t, "promtool", "prometheus")
	folder := t.TempDir()
	begin := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	var metrics, rows strings.Builder
	metrics.WriteString("# TYPE volume_iops gauge\n")
	rows.WriteString("unix_seconds,iops\n")
	for i := range days * 1440 {
		at, x := begin.Unix()+int64(60*i), math.Round(900+800*math.Sin(2*math.Pi*float64(i)/1440)+float64(i*7919%97))
		fmt.Fprintf(&metrics, "volume_iops{volume=\"a\"} %g %d\nvolume_iops{volume=\"b\"} 1 %d\n", x, at, at)
		fmt.Fprintf(&rows, "%d,%g\n", at, x)
	}
	metrics.WriteString("# EOF\n")
	input, file := write(t, folder+"/metrics.txt", metrics.String()), write(t, folder+"/demand.csv", rows.String())
	if out, err := exec.Command(promtool, "tsdb", "create-blocks-from", "openmetrics", input, folder+"/data").CombinedOutput(); err != nil {
		t.Fatalf("promtool: %v: %s", err, out)
	}
	address := freeAddress(t)
	p := server(t, address, prometheus, "--web.listen-address="+address, "--storage.tsdb.path="+folder+"/data", "--storage.tsdb.retention.time=100y",
		"--config.file="+write(t, folder+"/prometheus.yml", "{}\n"))
	p.until("is ready", func() bool { // it listens before it has read its log
		r, err := http.Get("http://" + address + "/-/ready")
		if err != nil {
			return false
		}
		_ = r.Body.Close()
		return r.StatusCode == http.StatusOK
	})

	simulated := func(args ...string) (answer struct{ From, To, Runs any }) {
		t.Helper()
		got := command(t, append([]string{"simulate", "--provider", "ebs", "--policy", "foreshock,hpa", "-o", "json"}, args...)...)
		if got.code != 0 {
			t.Fatalf("exit %d: %s", got.code, got.stderr)
		}
		if err := json.Unmarshal([]byte(got.stdout), &answer); err != nil {
			t.Fatal(err)
		}
		return answer
	}
	asked := []string{"--prometheus", "http://" + address, "--from", begin.Format(time.RFC3339), "--to", begin.Add(days*24*time.Hour - time.Minute).Format(time.RFC3339)}
	fromServer, fromFile := simulated(append(asked, "--query", `volume_iops{volume="a"}`)...), simulated("--trace", file)
	if !reflect.DeepEqual(fromServer, fromFile) || fromFile.Runs == nil {
		t.Errorf("of Prometheus:\n%v\nof a file:\n%v", fromServer, fromFile)
	}

	f := func(query, want string) {
		t.Helper()
		if got := command(t, append([]string{"simulate", "--query", query}, asked...)...); got.code == 0 || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: exit %d: %s; want %q", query, got.code, got.stderr, want)
		}
	}
	f("volume_iops", "--query gives 2 series; narrow it to one")
	f("volume_iops{", "parse error")
	f("volume_ipos", "check --query and the times")
}
