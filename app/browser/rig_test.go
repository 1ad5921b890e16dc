package browser_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/app"
	"github.com/foreshock-io/foreshock/config"
	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/prompb"
)

// The tokens of the tests, by role.
const (
	adminToken = "admin-token-of-the-tests"
	annToken   = "ann-token-of-the-tests"
	readToken  = "read-token-of-the-tests"
	pushToken  = "push-token-of-the-tests"
)

const settings = `
mode: approve
listen: 127.0.0.1:0
data: %s
token_file: %s
access: {rates: {requests: 5000, push: 5000}}
step: %s
limits: {workloads: 20k, forecasts: 4}
sources:
  - remotewrite:
      rules: [
        {metric: iops, id: "${volume}", field: iops},
        {metric: latency, id: "${volume}", field: latency_seconds},
        {metric: depth, id: "${volume}", field: queue_depth},
        {metric: bytes, id: "${volume}", field: throughput_bps},
      ]
targets:
  - name: array
    dryrun: {allocated: {iops: 3000}, rules: {iops: {min: 100, max: 16000, quantum: 100, down: true}}}
capacity:
  - limits:
      pools:
        - {name: array 1, dimension: iops, total: 60k, in_use: 21k, reserve: 10%%, draws: [{target: array}]}
        - {name: nightly, dimension: iops, total: 8k, in_use: 7k, draws: [{workload: "vol/backup*"}]}
policies:
  - {name: orders, match: ["vol/orders*"], mode: approve, target: array, resource: "${name}", bounds: {iops: {min: 1000, max: 8000}}, above: 90%%, patience: 2h, validity: 1h}
  - {name: watch, match: ["vol/**"], mode: observe, target: array, resource: "${name}", bounds: {iops: {min: 1000, max: 8000}}}
  - {name: rest, match: ["**"]}
`

// program is a program that runs.
type program struct {
	t    testing.TB
	url  string
	step time.Duration
}

// start runs a program in a folder of the test until the test ends.
func start(t testing.TB, step time.Duration) *program {
	t.Helper()
	folder := t.TempDir()
	tokens := filepath.Join(folder, "tokens")
	text := line("admin", adminToken, "root") + line("approve", annToken, "ann") + line("read", readToken, "bob") + line("push", pushToken, "sender")
	if err := os.WriteFile(tokens, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(app.Options{
		Log: slog.New(slog.DiscardHandler), Version: "of the tests",
		Load: func() (config.Config, error) {
			return config.Parse("tests.yaml", fmt.Appendf(nil, settings, filepath.Join(folder, "data"), tokens, step))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Log(err) // on a busy machine not every profile is saved in time
		}
	})
	return &program{t: t, url: "http://" + a.Address(), step: step}
}

// line is that of a token in the file of tokens.
func line(role, token, name string) string {
	return fmt.Sprintf("%s sha256:%x %s\n", role, sha256.Sum256([]byte(token)), name)
}

// reading is one step of one volume.
type reading struct {
	volume              string
	at                  time.Time
	iops, latency, size float64
}

// send writes readings by remote write, in their order.
func (p *program) send(list []reading) {
	p.t.Helper()
	var message prompb.WriteRequest
	for _, r := range list {
		add := func(metric string, x float64) {
			message.Timeseries = append(message.Timeseries, prompb.TimeSeries{
				Labels:  []prompb.Label{{Name: "__name__", Value: metric}, {Name: "volume", Value: r.volume}},
				Samples: []prompb.Sample{{Timestamp: r.at.UnixMilli(), Value: x}},
			})
		}
		add("iops", r.iops)
		add("latency", r.latency)
		add("depth", r.iops*r.latency)
		add("bytes", r.iops*r.size)
	}
	data, err := message.Marshal()
	if err != nil {
		p.t.Fatal(err)
	}
	for {
		code, answer := p.ask(http.MethodPost, "/api/v1/write", pushToken, snappy.Encode(nil, data))
		switch {
		case code == http.StatusServiceUnavailable || code == http.StatusTooManyRequests:
			time.Sleep(20 * time.Millisecond)
		case code/100 != 2:
			p.t.Fatalf("remote write: status %d: %s", code, answer)
		default:
			return
		}
	}
}

// ask sends a request and gives the answer's status and body.
func (p *program) ask(method, path, token string, body []byte) (int, string) {
	p.t.Helper()
	r, err := http.NewRequest(method, p.url+path, bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if strings.HasSuffix(path, "/write") {
		r.Header.Set("Content-Type", "application/x-protobuf")
		r.Header.Set("Content-Encoding", "snappy")
		r.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// wait is how long anything may take that takes a moment.
const wait = 2 * time.Minute

// until waits for a condition.
func (p *program) until(what string, ok func() bool) {
	p.t.Helper()
	for end := time.Now().Add(wait); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("not within %s: %s", wait, what)
		}
	}
}

// volume is a made-up volume: its rate and latency at a time; ok is false while it is silent.
type volume struct {
	name string
	at   func(t time.Time, left time.Duration, noise func() float64) (iops, latency float64, ok bool)
}

// daily has a rhythm of a day, higher on weekdays, and a latency that grows with the load.
func daily(name string, mean, swing, latency float64) volume {
	return volume{name, func(t time.Time, _ time.Duration, noise func() float64) (float64, float64, bool) {
		hour := float64(t.Hour()) + float64(t.Minute())/60
		load := 1 + swing*math.Sin(2*math.Pi*(hour-8)/24)
		if d := t.Weekday(); d == time.Saturday || d == time.Sunday {
			load *= 0.6
		}
		return mean * load * (1 + 0.04*noise()), latency * (0.8 + 0.2*load) * math.Exp(0.08*noise()), true
	}}
}

// then changes what a volume does in the last while.
func (v volume) then(last time.Duration, f func(iops, latency float64, left time.Duration) (float64, float64, bool)) volume {
	before := v.at
	return volume{v.name, func(t time.Time, left time.Duration, noise func() float64) (float64, float64, bool) {
		iops, latency, ok := before(t, left, noise)
		if left > last {
			return iops, latency, ok
		}
		return f(iops, latency, left)
	}}
}

// fleet is what the tests and the screenshots watch.
func fleet() []volume {
	surge := func(factor, slower float64) func(iops, latency float64, left time.Duration) (float64, float64, bool) {
		return func(iops, latency float64, _ time.Duration) (float64, float64, bool) {
			return iops * factor, latency * slower, true
		}
	}
	silent := func(float64, float64, time.Duration) (float64, float64, bool) { return 0, 0, false }
	list := []volume{
		daily("vol/orders-db", 2300, 0.2, 0.0011).then(8*time.Minute, surge(1.35, 14)),
		daily("vol/orders-wal", 1900, 0.3, 0.0006),
		daily("vol/checkout", 1200, 0.5, 0.0014).then(4*time.Minute, surge(1.1, 3)),
		daily("vol/search-index", 700, 0.6, 0.0030),
		daily("vol/backup-nightly", 300, 0.9, 0.0120),
		daily("vol/mail-spool", 160, 0.4, 0.0042).then(6*time.Minute, silent),
		daily("vol/ledger", 2900, 0.1, 0.0009),
		daily("node7/nvme0n1", 5200, 0.4, 0.00018),
		daily("node7/nvme1n1", 4100, 0.4, 0.00021).then(3*time.Minute, surge(0.9, 2.4)),
	}
	for i := range 12 {
		list = append(list, daily(fmt.Sprintf("vol/tenant-%02d", i+1), 120*float64(i+2), 0.3, 0.0010+0.0002*float64(i%5)))
	}
	return list
}

// history sends what the volumes did in the time before now, and returns that.
func (p *program) history(volumes []volume, past time.Duration) time.Time {
	p.t.Helper()
	now := time.Now().Truncate(p.step)
	rng := rand.New(rand.NewPCG(1, 2))
	var batch []reading
	for at := now.Add(-past); !at.After(now); at = at.Add(p.step) {
		batch = append(batch, steps(volumes, at, now.Sub(at), rng)...)
		if len(batch) > 2000 {
			p.send(batch)
			batch = batch[:0]
		}
	}
	p.send(batch)
	return now
}

func steps(volumes []volume, at time.Time, left time.Duration, rng *rand.Rand) (list []reading) {
	for i := range volumes {
		if iops, latency, ok := volumes[i].at(at.UTC(), left, rng.NormFloat64); ok {
			list = append(list, reading{volumes[i].name, at, iops, latency, 8192})
		}
	}
	return list
}

// live goes on sending what the volumes do, step by step, until the test ends.
func (p *program) live(volumes []volume, from time.Time) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	p.t.Cleanup(func() { stop(); <-ended })
	go func() {
		defer close(ended)
		rng := rand.New(rand.NewPCG(3, 4))
		for at := from.Add(p.step); ; at = at.Add(p.step) {
			select {
			case <-time.After(time.Until(at)):
				p.send(steps(volumes, at, 0, rng))
			case <-ctx.Done():
				return
			}
		}
	}()
}
