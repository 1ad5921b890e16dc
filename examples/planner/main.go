// Command planner is a small planning system that Foreshock's capacity planner "http" can ask: pools from a file, grants kept in
// another. It is a working example of docs/capacity-protocol.md, to run as it is or to write one's own after.
//
//	go run ./examples/planner -pools examples/planner/pools.yaml
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/capacity/limits"
)

func main() {
	var o options
	flag.StringVar(&o.listen, "listen", "127.0.0.1:9780", "`address` to listen on")
	flag.StringVar(&o.pools, "pools", "pools.yaml", "`file` with the pools, in the form of the limits planner's settings")
	flag.StringVar(&o.state, "state", "", "`file` that keeps the grants; without it they are forgotten at the end")
	flag.StringVar(&o.tokenFile, "token-file", "", "`file` with the bearer token that callers must have; needed beyond loopback")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "planner:", err)
		os.Exit(1)
	}
}

type options struct{ listen, pools, state, tokenFile string }

// run serves until ctx ends. It prints the address on which it listens as its first line.
func run(ctx context.Context, o options) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	pools, err := load(o.pools, log)
	if err != nil {
		return err
	}
	s := &server{pools: pools, file: o.state, log: log}
	if err := s.restoreFile(ctx); err != nil {
		return err
	}
	if o.tokenFile != "" {
		b, err := os.ReadFile(o.tokenFile)
		if err != nil {
			return err
		}
		if s.token = strings.TrimSpace(string(b)); s.token == "" {
			return fmt.Errorf("%s holds no token", o.tokenFile)
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return err
	}
	if ip := listener.Addr().(*net.TCPAddr).IP; !ip.IsLoopback() && s.token == "" {
		return fmt.Errorf("%s can be reached from other machines; give -token-file, or listen on 127.0.0.1", listener.Addr())
	}
	fmt.Printf("http://%s\n", listener.Addr())
	hs := &http.Server{Handler: s.routes(), ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		stopped <- hs.Shutdown(grace)
	}()
	if err := hs.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

func load(file string, log *slog.Logger) (*limits.Limits, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	cfg := limits.Defaults()
	if err := yaml.UnmarshalWithOptions(data, &cfg, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	pools, err := limits.New(cfg, capacity.Env{Log: log})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return pools, nil
}
