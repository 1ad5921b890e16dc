package otlp

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/foreshock-io/foreshock/certs"
)

// The OpenTelemetry SDK sends operations with their parts, over gRPC and over HTTP.
func TestTracesOfSDK(t *testing.T) {
	f := func(name string, open func(context.Context, receiver) (*otlptrace.Exporter, error)) {
		t.Helper()
		at := run(t, nil)
		exporter, err := open(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		provider := sdktrace.NewTracerProvider(
			sdktrace.WithBatcher(exporter),
			sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "db"))),
		)
		tracer := provider.Tracer("test")
		const operations = 50
		begin := time.Now().Add(-time.Second)
		for i := range operations {
			ctx, root := tracer.Start(t.Context(), "write", oteltrace.WithSpanKind(oteltrace.SpanKindServer), oteltrace.WithTimestamp(begin),
				oteltrace.WithAttributes(attribute.Int("size", 8192)))
			_, child := tracer.Start(ctx, "fsync", oteltrace.WithTimestamp(begin))
			child.End(oteltrace.WithTimestamp(begin.Add(time.Duration(i) * time.Millisecond)))
			root.End(oteltrace.WithTimestamp(begin.Add(100 * time.Millisecond)))
		}
		if err := provider.Shutdown(t.Context()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		at.stop()
		got := at.sink.read()
		for _, line := range []string{"service/db ops 1/0", "service/db op_seconds 0.1/0", "service/db bytes 8192/0"} {
			if n := strings.Count(got, line); n != operations {
				t.Errorf("%s: %q was read %d times, want %d", name, line, n, operations)
			}
		}
		sum := time.Duration(0)
		for _, op := range at.sink.operations {
			if len(op.Components) != 1 || op.Components[0].Name != "fsync" {
				t.Fatalf("%s: operation %+v", name, op)
			}
			sum += op.Components[0].Duration
		}
		if want := operations * (operations - 1) / 2 * time.Millisecond; len(at.sink.operations) != operations || sum != want {
			t.Errorf("%s: %d operations with %s of fsync, want %d with %s", name, len(at.sink.operations), sum, operations, want)
		}
	}
	f("gRPC", func(ctx context.Context, at receiver) (*otlptrace.Exporter, error) {
		return otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(at.grpc), otlptracegrpc.WithInsecure(), otlptracegrpc.WithCompressor("gzip"))
	})
	f("HTTP", func(ctx context.Context, at receiver) (*otlptrace.Exporter, error) {
		return otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(at.url+"/v1/traces"))
	})
}

// The SDK sends a counter twice, over gRPC and over HTTP.
func TestMetricsOfSDK(t *testing.T) {
	f := func(name string, open func(context.Context, receiver) (sdkmetric.Exporter, error)) {
		t.Helper()
		at := run(t, nil)
		exporter, err := open(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		provider := sdkmetric.NewMeterProvider(
			sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter, sdkmetric.WithInterval(time.Hour))),
			sdkmetric.WithResource(resource.NewSchemaless(attribute.String("host.name", "h"))),
		)
		counter, err := provider.Meter("test").Int64Counter("io.count")
		if err != nil {
			t.Fatal(err)
		}
		device := metric.WithAttributes(attribute.String("device", "sda"))
		counter.Add(t.Context(), 100, device)
		if err := provider.ForceFlush(t.Context()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for flushed := time.Now().UnixMilli(); time.Now().UnixMilli() == flushed; { // samples of one millisecond are one
			runtime.Gosched()
		}
		counter.Add(t.Context(), 42, device)
		if err := provider.Shutdown(t.Context()); err != nil { // sends what there is
			t.Fatalf("%s: %v", name, err)
		}
		at.stop()
		if got := at.sink.read(); !strings.HasPrefix(got, "h/sda ops 42/") || strings.Contains(got, "\n") {
			t.Errorf("%s: read %q, want an increment of 42; dropped %v", name, got, at.drops.List())
		}
	}
	f("gRPC", func(ctx context.Context, at receiver) (sdkmetric.Exporter, error) {
		return otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithEndpoint(at.grpc), otlpmetricgrpc.WithInsecure())
	})
	f("HTTP", func(ctx context.Context, at receiver) (sdkmetric.Exporter, error) {
		return otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(at.url+"/v1/metrics"), otlpmetrichttp.WithCompression(otlpmetrichttp.GzipCompression))
	})
}

// certificate makes one for 127.0.0.1 that signs itself.
func certificate(t *testing.T, dir, name string) (cert, key string, pair tls.Certificate) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert = write(t, dir, name+".crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	key = write(t, dir, name+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	return cert, key, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}
}

func write(t *testing.T, dir, name string, content []byte) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// exportGRPC sends metrics and gives the status' code.
func exportGRPC(t *testing.T, at receiver, creds credentials.TransportCredentials, authorization string) codes.Code {
	t.Helper()
	conn, err := grpc.NewClient(at.grpc, grpc.WithTransportCredentials(creds))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx := t.Context()
	if authorization != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", authorization)
	}
	_, err = pmetricotlp.NewGRPCClient(conn).Export(ctx, pmetricotlp.NewExportRequestFromMetrics(metricsAt(time.Now())))
	return status.Code(err)
}

func TestAccess(t *testing.T) {
	dir := t.TempDir()
	token := write(t, dir, "token", []byte("  secret\n"))
	cert, key, own := certificate(t, dir, "server")
	trusted := x509.NewCertPool()
	leaf, err := x509.ParseCertificate(own.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	trusted.AddCert(leaf)
	clientCA, _, client := certificate(t, dir, "client")
	withTLS := func(certs ...tls.Certificate) credentials.TransportCredentials {
		return credentials.NewTLS(&tls.Config{RootCAs: trusted, Certificates: certs, MinVersion: tls.VersionTLS12})
	}
	plain := insecure.NewCredentials()

	f := func(name string, g GRPC, creds credentials.TransportCredentials, authorization string, want codes.Code) {
		t.Helper()
		at := run(t, func(cfg *Config) {
			g.Listen = cfg.GRPC.Listen
			cfg.GRPC = g
		})
		if got := exportGRPC(t, at, creds, authorization); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		at.stop()
	}
	f("open", GRPC{}, plain, "", codes.OK)
	f("token", GRPC{Token: token}, plain, "Bearer secret", codes.OK)
	f("no token", GRPC{Token: token}, plain, "", codes.Unauthenticated)
	f("wrong token", GRPC{Token: token}, plain, "Bearer secret2", codes.Unauthenticated)
	f("another scheme", GRPC{Token: token}, plain, "Basic secret", codes.Unauthenticated)
	f("TLS", GRPC{Server: certs.Server{Cert: cert, Key: key}}, withTLS(), "", codes.OK)
	f("TLS wanted", GRPC{Server: certs.Server{Cert: cert, Key: key}}, plain, "", codes.Unavailable)
	f("client certificate", GRPC{Server: certs.Server{Cert: cert, Key: key, ClientCA: clientCA}}, withTLS(client), "", codes.OK)
	f("no client certificate", GRPC{Server: certs.Server{Cert: cert, Key: key, ClientCA: clientCA}}, withTLS(), "", codes.Unavailable)
	f("another certificate", GRPC{Server: certs.Server{Cert: cert, Key: key, ClientCA: clientCA}}, withTLS(own), "", codes.Unavailable)

	refused := func(want string, g GRPC) {
		t.Helper()
		if _, err := g.open(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", g, err, want)
		}
	}
	refused("can be reached from outside", GRPC{Listen: "0.0.0.0:4317"})
	refused("can be reached from outside", GRPC{Listen: ":4317"})
	refused("host:port", GRPC{Listen: "4317"})
	refused("listen is missing", GRPC{Token: token})
	refused("is empty", GRPC{Listen: "127.0.0.1:1", Token: write(t, dir, "empty", nil)})
	refused("cert_file and key_file", GRPC{Listen: "127.0.0.1:1", Server: certs.Server{Cert: cert}})
	refused("client_ca_file needs", GRPC{Listen: "127.0.0.1:1", Server: certs.Server{ClientCA: cert}})
	refused("has no certificate", GRPC{Listen: "127.0.0.1:1", Server: certs.Server{Cert: cert, Key: key, ClientCA: token}})
}

// frame is a codec of bytes on the client's side.
type frame struct{ raw }

const method = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

func dial(t *testing.T, at receiver) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(at.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// What comes over gRPC is bounded as what comes over HTTP.
func TestHostileGRPC(t *testing.T) {
	at := run(t, func(cfg *Config) {
		cfg.MaxBody, cfg.Memory, cfg.ReadTimeout = 1<<20, 32<<20, time.Minute
	})
	conn := dial(t, at)
	f := func(name string, body []byte, want codes.Code, options ...grpc.CallOption) {
		t.Helper()
		var answer []byte
		err := conn.Invoke(t.Context(), method, &body, &answer, append(options, grpc.ForceCodecV2(frame{}))...)
		if got := status.Code(err); got != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	f("nothing", nil, codes.OK)
	f("not protobuf", []byte("hello"), codes.InvalidArgument)
	f("too large", make([]byte, 2<<20), codes.ResourceExhausted)
	f("64 MiB zipped", make([]byte, 64<<20), codes.ResourceExhausted, grpc.UseCompressor("gzip"))
	f("many spans", wrap(bytes.Repeat([]byte{0x12, 0}, 1<<18), 1, 2), codes.ResourceExhausted)
	f("deep", wrap(nested(500), 1, 2, 2, 9, 2), codes.InvalidArgument)
}

// Streams that send nothing end by themselves, and give their memory back: there is room for 32.
func TestSlowSenderGRPC(t *testing.T) {
	at := run(t, func(cfg *Config) {
		cfg.MaxBody, cfg.Memory, cfg.ReadTimeout = 1<<20, 32<<20, 300*time.Millisecond
	})
	conn := dial(t, at)
	for range 64 {
		stream, err := conn.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true}, method, grpc.ForceCodecV2(frame{}))
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			var answer []byte
			_ = stream.RecvMsg(&answer) // whatever is answered
		}()
	}
	await(t, func() bool {
		var body, answer []byte
		return conn.Invoke(t.Context(), method, &body, &answer, grpc.ForceCodecV2(frame{})) == nil
	})
}

func await(t *testing.T, done func() bool) {
	t.Helper()
	end := time.Now().Add(30 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		if time.Now().After(end) {
			t.Fatal("it did not come to that within half a minute")
		}
		<-tick.C
	}
}
