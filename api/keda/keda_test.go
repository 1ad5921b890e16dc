package keda

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/decide"
)

// program knows one workload.
type program struct {
	mu   sync.Mutex // guards what follows
	now  float64    // demand for IOPS
	err  error
	told string // the last question
}

func (p *program) Need(_ context.Context, id foreshock.ID, dim foreshock.Dimension, level float64, over time.Duration) (decide.Need, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = fmt.Sprint(id, " ", dim, " ", level, " ", over)
	return decide.Need{Now: p.now, Ahead: 250.5, Capacity: 320.25}, p.err
}

func (p *program) Reading(_ context.Context, id foreshock.ID, m foreshock.Metric) (float64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = fmt.Sprint(id, " ", m)
	return 0.0042, p.err
}

func (p *program) set(now float64, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now, p.err = now, err
}

func (p *program) asked() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.told
}

// serve starts a scaler on a free port and connects to it as KEDA does.
func serve(t *testing.T, p Program) (conn *grpc.ClientConn, stop func() error) {
	t.Helper()
	s, err := New(Config{Listen: "127.0.0.1:0"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s.watched = time.Millisecond
	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.serve(ctx, listener, p) }()
	if conn, err = grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials())); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() {
		_ = conn.Close()
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return conn, stop
}

const service = "/externalscaler.ExternalScaler/"

func ref(pairs ...string) *ScaledObjectRef {
	r := &ScaledObjectRef{Name: "orders", Namespace: "shop", ScalerMetadata: map[string]string{"scalerAddress": "foreshock:9751"}}
	for i := 0; i < len(pairs); i += 2 {
		r.ScalerMetadata[pairs[i]] = pairs[i+1]
	}
	return r
}

// Each metric is asked for as the trigger says, and answered in its unit.
func TestMetrics(t *testing.T) {
	p := &program{now: 100}
	conn, _ := serve(t, p)
	f := func(metric, asked string, value float64, active bool, pairs ...string) {
		t.Helper()
		r := ref(append(pairs, "workload", "vol/orders", "metric", metric, "target", "12.5")...)
		spec, got, is := &GetMetricSpecResponse{}, &GetMetricsResponse{}, &IsActiveResponse{}
		if err := errors.Join(
			conn.Invoke(t.Context(), service+"GetMetricSpec", r, spec), conn.Invoke(t.Context(), service+"IsActive", r, is),
			conn.Invoke(t.Context(), service+"GetMetrics", &GetMetricsRequest{ScaledObjectRef: r, MetricName: "foreshock-" + metric}, got),
		); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&GetMetricSpecResponse{MetricSpecs: []*MetricSpec{{MetricName: "foreshock-" + metric, TargetSize: 13, TargetSizeFloat: 12.5}}}, spec, protocmp.Transform()); diff != "" {
			t.Error(diff)
		}
		if v := got.GetMetricValues(); len(v) != 1 || v[0].GetMetricValueFloat() != value || v[0].GetMetricName() != "foreshock-"+metric || float64(v[0].GetMetricValue()) < value {
			t.Errorf("%s: %v, want %g", metric, v, value)
		}
		if is.GetResult() != active || p.asked() != asked {
			t.Errorf("%s: active %v; asked %q, want %q", metric, is.GetResult(), p.asked(), asked)
		}
	}
	f("iops", "vol/orders iops 0 0s", 250.5, true)
	f("iops", "vol/orders iops 0.9 10m0s", 250.5, false, "quantile", "0.9", "lead", "10m", "activation", "251")
	f("throughput", "vol/orders throughput 0 0s", 250.5, true, "activation", "250")
	f("wanted_iops", "vol/orders iops 0 0s", 320.25, true)
	f("wanted_throughput", "vol/orders throughput 0 0s", 320.25, true)
	f("latency_ms", "vol/orders latency_seconds", 4.2, true)
	f("queue_depth", "vol/orders queue_depth", 0.0042, false, "activation", "1")
}

// A trigger that is wrong is told all of it; what cannot be said is an error, and no number.
func TestRefusals(t *testing.T) {
	p := &program{}
	conn, _ := serve(t, p)
	f := func(code codes.Code, want string, pairs ...string) {
		t.Helper()
		r := ref(pairs...)
		for _, err := range []error{
			conn.Invoke(t.Context(), service+"IsActive", r, &IsActiveResponse{}),
			conn.Invoke(t.Context(), service+"GetMetrics", &GetMetricsRequest{ScaledObjectRef: r}, &GetMetricsResponse{}),
		} {
			if status.Code(err) != code || !strings.Contains(status.Convert(err).Message(), want) {
				t.Errorf("%q: %v, want %s %q", pairs, err, code, want)
			}
		}
	}
	f(codes.InvalidArgument, `trigger of shop/orders: metric: "" is none; there is: iops, throughput, wanted_iops, wanted_throughput, latency_ms, queue_depth; target is missing`)
	f(codes.InvalidArgument, "workload: workload id is empty")
	whole := []string{"workload", "vol/orders", "metric", "iops", "target", "100"}
	f(codes.InvalidArgument, `"lede" is no setting; there is: activation, lead,`, append(whole, "lede", "5m")...)
	f(codes.InvalidArgument, `target: "-1" is not allowed`, append(whole, "target", "-1")...)
	f(codes.InvalidArgument, `target: "NaN" is not allowed`, append(whole, "target", "NaN")...)
	f(codes.InvalidArgument, `quantile: "95" is not allowed`, append(whole, "quantile", "95")...)
	f(codes.InvalidArgument, `lead: "5" is not allowed`, append(whole, "lead", "5")...)
	f(codes.InvalidArgument, `lead: "-5m" is not allowed`, append(whole, "lead", "-5m")...)
	f(codes.InvalidArgument, "none is made of queue_depth", append(whole, "metric", "queue_depth", "lead", "5m")...)
	p.set(0, errors.New("the data are stale"))
	f(codes.Unavailable, "the data are stale", whole...)
}

// A stream tells at once, then what has changed; an uncertain time changes nothing, and the end of the server ends it as one that may come again.
func TestStream(t *testing.T) {
	p := &program{now: 100}
	conn, stop := serve(t, p)
	open := func(r *ScaledObjectRef) grpc.ClientStream {
		t.Helper()
		s, err := conn.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true}, service+"StreamIsActive")
		if err == nil {
			err = errors.Join(s.SendMsg(r), s.CloseSend())
		}
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	r := ref("workload", "vol/orders", "metric", "iops", "target", "10", "activation", "300")
	s := open(r)
	f := func(want bool) {
		t.Helper()
		got := &IsActiveResponse{}
		if err := s.RecvMsg(got); err != nil || got.GetResult() != want {
			t.Errorf("%v, %v, want %v", got, err, want)
		}
	}
	f(false)
	p.set(301, nil)
	f(true)
	p.set(0, errors.New("the data are stale"))
	p.set(302, nil)
	p.set(5, nil)
	f(false)

	if err := open(ref()).RecvMsg(&IsActiveResponse{}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("%v", err)
	}
	p.set(0, errors.New("the data are stale"))
	if err := open(r).RecvMsg(&IsActiveResponse{}); status.Code(err) != codes.Unavailable {
		t.Errorf("%v", err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if err := s.RecvMsg(&IsActiveResponse{}); err == nil || !strings.Contains(err.Error(), "EOF") {
		t.Errorf("after the end: %v", err)
	}
}

func TestConfig(t *testing.T) {
	f := func(want string, cfg Config) {
		t.Helper()
		if _, err := New(cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", cfg, err, want)
		}
	}
	f("give host:port", Config{})
	f("set cert_file, key_file and client_ca_file, or listen on 127.0.0.1", Config{Listen: ":9751"})
	cfg := Config{Listen: "127.0.0.1:9751"}
	cfg.ClientCA = "/no/such/file"
	f("client_ca_file needs cert_file and key_file", cfg)
}

// The numbers on the wire are KEDA's: field 3 of a value is a double, field 2 a whole number.
func TestWire(t *testing.T) {
	file := File_scaler_proto.Messages()
	f := func(message, field string, number int32) {
		t.Helper()
		m := file.ByName(protoreflect.Name(message))
		if m == nil || m.Fields().ByName(protoreflect.Name(field)) == nil || int32(m.Fields().ByName(protoreflect.Name(field)).Number()) != number || string(m.FullName()) != "externalscaler."+message {
			t.Errorf("%s.%s is not field %d", message, field, number)
		}
	}
	f("ScaledObjectRef", "name", 1)
	f("ScaledObjectRef", "namespace", 2)
	f("ScaledObjectRef", "scalerMetadata", 3)
	f("IsActiveResponse", "result", 1)
	f("GetMetricSpecResponse", "metricSpecs", 1)
	f("MetricSpec", "targetSize", 2)
	f("MetricSpec", "targetSizeFloat", 3)
	f("GetMetricsRequest", "scaledObjectRef", 1)
	f("GetMetricsRequest", "metricName", 2)
	f("GetMetricsResponse", "metricValues", 1)
	f("MetricValue", "metricName", 1)
	f("MetricValue", "metricValue", 2)
	f("MetricValue", "metricValueFloat", 3)
}
