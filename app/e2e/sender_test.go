package e2e_test

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/prompb"
)

// sample is one reading of one series of a volume.
type sample struct {
	volume, metric string
	at             time.Time
	value          float64
}

// volumeRules map the samples of send to workloads called vol/NAME.
const volumeRules = `[
      {metric: vol_iops, id: "vol/${volume}", field: iops},
      {metric: vol_latency_seconds, id: "vol/${volume}", field: latency_seconds},
      {metric: vol_queue_depth, id: "vol/${volume}", field: queue_depth},
    ]`

// send writes samples by remote write, in their order; the program must take them.
func (p *program) send(samples []sample) error {
	var message prompb.WriteRequest
	for _, s := range samples {
		message.Timeseries = append(message.Timeseries, prompb.TimeSeries{
			Labels:  []prompb.Label{{Name: "__name__", Value: s.metric}, {Name: "volume", Value: s.volume}},
			Samples: []prompb.Sample{{Timestamp: s.at.UnixMilli(), Value: s.value}},
		})
	}
	data, err := message.Marshal()
	if err != nil {
		return err
	}
	code, body, err := p.write(snappy.Encode(nil, data))
	if err == nil && code/100 != 2 {
		err = fmt.Errorf("remote write: status %d: %s", code, body)
	}
	return err
}

// stepLength is the step of the volumes that the tests send.
const stepLength = 100 * time.Millisecond

// drive sends what reading says of each step, as time goes by, until over says so. Where sending takes longer than a step, steps are left out:
// what is sent late is no ground for a change.
func (p *program) drive(what string, reading func(at time.Time) []sample, over func() bool) {
	p.t.Helper()
	at := time.Now()
	p.until(what, func() bool {
		at = at.Add(stepLength)
		if ahead := time.Until(at); ahead > 0 {
			time.Sleep(ahead)
		} else {
			at = time.Now()
		}
		if err := p.send(reading(at)); err != nil {
			p.t.Fatal(err)
		}
		return over()
	})
}

// sendPast sends what reading says of as many steps up to now as it takes to know what is normal.
func (p *program) sendPast(reading func(n int, at time.Time) []sample) {
	p.t.Helper()
	var past []sample
	now := time.Now()
	for n := judged; n > 0; n-- {
		past = append(past, reading(n, now.Add(-time.Duration(n)*stepLength))...)
	}
	if err := p.send(past); err != nil {
		p.t.Fatal(err)
	}
}

// write posts a body to the receiver of remote write, and as every sender does, again while the program is not ready.
func (p *program) write(body []byte) (code int, answer string, err error) {
	waitFor(func() bool {
		code, answer, err = p.writeOnce(body)
		return err != nil || code != http.StatusServiceUnavailable
	})
	return code, answer, err
}

func (p *program) writeOnce(body []byte) (code int, answer string, err error) {
	req, err := http.NewRequest(http.MethodPost, p.url+"/api/v1/write", bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Content-Encoding", "snappy")
	req.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	var b bytes.Buffer
	_, err = b.ReadFrom(resp.Body)
	return resp.StatusCode, b.String(), err
}

// TestRemoteWriteBounds checks that what is too large is refused before there is memory for it.
func TestRemoteWriteBounds(t *testing.T) {
	t.Parallel()
	p := start(t, "-c", config(t, t.TempDir(), "sources: [remotewrite: {presets: [node_exporter], max_body_bytes: 1MiB, max_decoded_bytes: 2MiB}]\n"))
	f := func(what string, body []byte, want int) {
		t.Helper()
		code, answer, err := p.write(body)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if code != want {
			t.Errorf("%s: status %d, want %d: %s", what, code, want, answer)
		}
	}
	f("nothing", nil, http.StatusBadRequest)
	f("no snappy", []byte("hello"), http.StatusBadRequest)
	f("too large as it is", make([]byte, 2<<20), http.StatusRequestEntityTooLarge)
	f("too large when it is unpacked", snappy.Encode(nil, make([]byte, 64<<20)), http.StatusRequestEntityTooLarge)
	f("a claim of 4 GiB", []byte{0xff, 0xff, 0xff, 0xff, 0x0f, 0}, http.StatusRequestEntityTooLarge)
	f("no message", snappy.Encode(nil, []byte{0xff, 0xff, 0xff}), http.StatusBadRequest)
	if s := p.status(); s.Counts.Workloads != 0 {
		t.Errorf("there are %d workloads", s.Counts.Workloads)
	}
	p.stop()
}
