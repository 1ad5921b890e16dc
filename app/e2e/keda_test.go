package e2e_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	grpcstatus "google.golang.org/grpc/status"

	"github.com/foreshock-io/foreshock/api/keda"
)

const kedaConfig = `
step: 100ms
log: {level: warn}
sources:
  - remotewrite: {rules: ` + volumeRules + `, step: 100ms, lateness: 20ms}
keda: {listen: "%s"}
`

// TestKEDA asks as KEDA does: of a workload that is not known there is no number, of one that is there is its demand, also after a reload, and
// none when its data have become stale.
func TestKEDA(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	p := start(t, "-c", config(t, t.TempDir(), fmt.Sprintf(kedaConfig, address)))
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	const service = "/externalscaler.ExternalScaler/"
	ref := &keda.ScaledObjectRef{Name: "orders", Namespace: "shop", ScalerMetadata: map[string]string{"workload": "vol/orders", "metric": "iops", "target": "100"}}
	value := func() (float64, codes.Code) {
		t.Helper()
		got := &keda.GetMetricsResponse{}
		err := conn.Invoke(t.Context(), service+"GetMetrics", &keda.GetMetricsRequest{ScaledObjectRef: ref, MetricName: "foreshock-iops"}, got, grpc.WaitForReady(true))
		if err != nil {
			return 0, grpcstatus.Code(err)
		}
		return got.GetMetricValues()[0].GetMetricValueFloat(), codes.OK
	}
	if _, code := value(); code != codes.Unavailable {
		t.Errorf("before there is a workload: %s, want Unavailable", code)
	}
	says := func(what string, is func(float64, codes.Code) bool, load float64) {
		t.Helper()
		p.until(what, func() bool {
			if load > 0 {
				if err := p.send(reading(load, 2*load, time.Now())); err != nil {
					t.Fatal(err)
				}
			}
			return is(value())
		})
	}
	says("gives the demand", func(x float64, code codes.Code) bool { return code == codes.OK && x >= 170 && x < 1000 }, 170)

	stream, err := conn.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true}, service+"StreamIsActive", grpc.WaitForReady(true))
	if err == nil {
		err = stream.SendMsg(ref)
	}
	if err == nil {
		err = stream.CloseSend()
	}
	var active keda.IsActiveResponse
	if err == nil {
		err = stream.RecvMsg(&active)
	}
	if err != nil || !active.GetResult() {
		t.Errorf("stream: active %v, %v", active.GetResult(), err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for err == nil { // the stream ends with the generation
		err = stream.RecvMsg(&active)
	}
	says("gives the demand after a reload", func(x float64, code codes.Code) bool { return code == codes.OK && x >= 180 && x < 1000 }, 180)
	says("gives none when the data are stale", func(_ float64, code codes.Code) bool { return code == codes.Unavailable }, 0)
	p.stop()
}
