package replay_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest/replay"
)

// ranged reads a text as a recorded range, and gives a line per step.
func ranged(t *testing.T, text string, o replay.Options) (lines []string, err error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "range.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := replay.Open(file, o)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	for {
		steps := make([]foreshock.Step, 1)
		_, err := r.Next(steps)
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			t.Fatal(err)
		}
		values, err := steps[0].Values.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%d %s %s", steps[0].Time.Unix(), steps[0].ID, values))
	}
}

const answer = `{"status":"success","data":{"resultType":"matrix","result":[%s]}}` + "\n"

// Series of one workload make its rows, over several answers; a sample tells of the time until it.
func TestPrometheusRange(t *testing.T) {
	text := fmt.Sprintf(answer, `{"metric":{"__name__":"iops","device":"sda","instance":"h","job":"j"},"values":[[60,"100"],[120,"NaN"],[180.0,"300"],[240,"-1"]]},
		{"metric":{"__name__":"iops","id":"b"},"values":[[60,"7"]]}`) +
		fmt.Sprintf(answer, `{"metric":{"__name__":"latency_ms","device":"sda","instance":"h"},"values":[[60,"2"],[120,"4"]]}`)
	got, err := ranged(t, text, replay.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`60 sda/h {"latency_seconds":0.002,"iops":100}`, `60 b {"iops":7}`, `120 sda/h {"latency_seconds":0.004}`, `180 sda/h {"iops":300}`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	got, err = ranged(t, fmt.Sprintf(answer, `{"metric":{},"values":[[60,"2"],[90,"3"]]}`), replay.Options{Metric: "queue_depth"})
	if err != nil || strings.Join(got, "|") != `60 range {"queue_depth":2}|90 range {"queue_depth":3}` {
		t.Errorf("%v %v", got, err)
	}
}

// What is no range says what it is, and what to do.
func TestPrometheusRangeRefused(t *testing.T) {
	f := func(text, why string) {
		t.Helper()
		if _, err := ranged(t, text, replay.Options{}); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v, not %q", text, err, why)
		}
	}
	f(`{"status":"error","error":"parse error"}`, "parse error")
	f(`{"status":"success","data":{"resultType":"vector","result":[]}}`, "query_range")
	f(`{"rows": 1`, "no answer of Prometheus")
	f(fmt.Sprintf(answer, ""), "has no rows")
	f(fmt.Sprintf(answer, `{"metric":{"__name__":"up"},"values":[[60,"1"]]}`), `label_replace`)
	f(fmt.Sprintf(answer, `{"metric":{"__name__":"iops"},"values":[[60]]}`), "no answer of Prometheus")
	f(fmt.Sprintf(answer, `{"metric":{"__name__":"iops"},"values":[[60,"NaN"]]}`), "has no rows")
}
