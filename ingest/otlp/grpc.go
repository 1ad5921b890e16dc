package otlp

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/net/netutil"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip" // senders may compress
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/foreshock-io/foreshock/certs"
)

// GRPC is the grpc block of the source's settings: a listener of its own. Without Listen there is none.
type GRPC struct {
	Listen       string `yaml:"listen"` // address, for example 127.0.0.1:4317
	certs.Server `yaml:",inline"`
	Token        string `yaml:"token_file"` // senders must send "authorization: Bearer …" with this file's content
}

const (
	maxConnections = 256
	maxStreams     = 64 // at once on one connection
)

// access is who may use the listener.
type access struct {
	listen string
	tls    *tls.Config
	token  *[sha256.Size]byte // a hash, so that comparing tells nothing of its length
}

// open reads the files. A listener that others than this machine can reach needs to know its senders.
func (g GRPC) open() (*access, error) {
	if g.Listen == "" {
		if g != (GRPC{}) {
			return nil, errors.New("grpc: listen is missing; give an address, for example 127.0.0.1:4317")
		}
		return nil, nil
	}
	a := &access{listen: g.Listen}
	host, _, err := net.SplitHostPort(g.Listen)
	if err != nil {
		return nil, fmt.Errorf("grpc: listen: %w; give host:port, for example 127.0.0.1:4317", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && !ip.IsLoopback() && g.ClientCA == "" && g.Token == "" {
		return nil, fmt.Errorf("grpc: %s can be reached from outside; set client_ca_file or token_file, or listen on 127.0.0.1", g.Listen)
	}
	if g.Token != "" {
		token, err := os.ReadFile(g.Token)
		if err != nil {
			return nil, fmt.Errorf("grpc: token_file: %w", err)
		}
		text := strings.TrimSpace(string(token))
		if text == "" {
			return nil, fmt.Errorf("grpc: token_file: %s is empty", g.Token)
		}
		sum := sha256.Sum256([]byte(text))
		a.token = &sum
	}
	if a.tls, err = g.Config(); err != nil {
		return nil, fmt.Errorf("grpc: %w", err)
	}
	return a, nil
}

func (a *access) allows(ctx context.Context) bool {
	if a.token == nil {
		return true
	}
	md, _ := metadata.FromIncomingContext(ctx)
	for _, value := range md.Get("authorization") {
		if scheme, token, _ := strings.Cut(value, " "); strings.EqualFold(scheme, "bearer") {
			sum := sha256.Sum256([]byte(token))
			if subtle.ConstantTimeCompare(sum[:], a.token[:]) == 1 {
				return true
			}
		}
	}
	return false
}

// serveGRPC listens until ctx ends.
func (r *Receiver) serveGRPC(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", r.access.listen)
	if err != nil {
		return fmt.Errorf("otlp: %w", err)
	}
	options := []grpc.ServerOption{
		grpc.ForceServerCodecV2(raw{}),
		grpc.MaxRecvMsgSize(int(r.cfg.MaxBody)),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.MaxHeaderListSize(16 << 10),
		grpc.ConnectionTimeout(r.cfg.ReadTimeout),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: 10 * time.Minute}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
	}
	if r.access.tls != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(r.access.tls)))
	}
	server := grpc.NewServer(options...)
	server.RegisterService(r.service("metrics.v1.MetricsService", r.metrics), r)
	server.RegisterService(r.service("trace.v1.TraceService", r.traces), r)
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		end := time.AfterFunc(r.cfg.PushTimeout, server.Stop)
		defer end.Stop()
		server.GracefulStop()
	})
	err = server.Serve(netutil.LimitListener(listener, maxConnections))
	if stop() { // ctx goes on: Serve ended by itself
		server.Stop()
		return fmt.Errorf("otlp: %w", err)
	}
	<-stopped
	return nil
}

// service describes a service with one method, which is served as a stream: for that, the message is read by the handler
// itself, so that its memory is held before, and its time is bounded.
func (r *Receiver) service(name string, export export) *grpc.ServiceDesc {
	return &grpc.ServiceDesc{
		ServiceName: "opentelemetry.proto.collector." + name,
		HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{{
			StreamName: "Export", ClientStreams: true, ServerStreams: true,
			Handler: func(_ any, stream grpc.ServerStream) error {
				answer, err := r.receive(stream, export)
				if err != nil {
					_, code := statusOf(err)
					return status.Error(code, err.Error())
				}
				return stream.SendMsg(&answer)
			},
		}},
	}
}

func (r *Receiver) receive(stream grpc.ServerStream, export export) ([]byte, error) {
	if !r.access.allows(stream.Context()) {
		return nil, refuse(codes.Unauthenticated, "the token is missing or wrong; send authorization: Bearer and the content of token_file")
	}
	run, leave, err := r.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	b := &budget{r: r}
	if err := b.hold(r.cfg.MaxBody); err != nil {
		return nil, err
	}
	body, err := r.message(stream, b)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(stream.Context(), r.cfg.PushTimeout)
	defer cancel()
	return export(ctx, run, body, protobuf)
}

// message reads the request. One that is too slow is given up; its memory is free when the stream has ended.
func (r *Receiver) message(stream grpc.ServerStream, b *budget) ([]byte, error) {
	type received struct {
		body []byte
		err  error
	}
	got := make(chan received, 1)
	go func() {
		defer b.release()
		var m received
		m.err = stream.RecvMsg(&m.body)
		got <- m
	}()
	late := time.NewTimer(r.cfg.ReadTimeout)
	defer late.Stop()
	select {
	case m := <-got:
		if m.err != nil {
			return nil, refuse(status.Code(m.err), "read the request: %v", m.err)
		}
		return m.body, nil
	case <-late.C:
		return nil, refuse(codes.DeadlineExceeded, "the request did not come within read_timeout (%s)", r.cfg.ReadTimeout)
	}
}

// raw passes messages on as bytes: they are looked at before they are decoded.
type raw struct{}

// Name is that of the codec which raw stands in for.
func (raw) Name() string { return "proto" }

// Marshal takes a *[]byte.
func (raw) Marshal(v any) (mem.BufferSlice, error) {
	b, ok := v.(*[]byte)
	if !ok {
		return nil, fmt.Errorf("message is %T, not bytes", v)
	}
	return mem.BufferSlice{mem.SliceBuffer(*b)}, nil
}

// Unmarshal fills a *[]byte.
func (raw) Unmarshal(data mem.BufferSlice, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("message is %T, not bytes", v)
	}
	*b = data.Materialize()
	return nil
}
