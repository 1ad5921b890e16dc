package libvirt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"

	rpc "github.com/digitalocean/go-libvirt"
)

// What comes over the wire costs no memory that it does not bring itself.
func TestFramed(t *testing.T) {
	f := func(sent []byte, want int, ok bool) {
		t.Helper()
		server, client := net.Pipe()
		go func() {
			_, _ = server.Write(sent)
			_ = server.Close()
		}()
		got, err := io.ReadAll(&framed{Conn: client})
		if len(got) != want || (err == nil) != ok {
			t.Errorf("%d bytes of %d, %v", len(got), len(sent), err)
		}
	}
	message := func(length uint32, bytes int) []byte {
		return append(binary.BigEndian.AppendUint32(nil, length), make([]byte, bytes)...)
	}
	f(nil, 0, true)
	f(message(28, 24), 28, true)
	f(append(message(28, 24), message(100, 96)...), 128, true)
	f(message(27, 23), 0, false)
	f(message(0, 24), 0, false)
	f(message(1<<32-1, 24), 0, false)
	f(message(mostMessage, 24), 28, true)
	f(bytes.Repeat([]byte{1}, 3), 0, false)
}

// A daemon that says nothing holds nobody up, and one that talks nonsense harms nobody.
func TestOpenEnds(t *testing.T) {
	f := func(says []byte) {
		t.Helper()
		socket := filepath.Join(t.TempDir(), "s")
		listener, err := new(net.ListenConfig).Listen(t.Context(), "unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		go func() {
			conn, err := listener.Accept()
			if err == nil {
				_, _ = conn.Write(says)
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
			}
		}()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		s, err := Config{URI: "qemu:///system", Socket: socket}.Open(ctx)
		if err == nil {
			s.Close()
			t.Errorf("%q: a session", says)
		}
		if says == nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("silence: %v", err)
		}
	}
	f(nil)
	f([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	f(make([]byte, 4096))
}

func TestIsCode(t *testing.T) {
	err := errors.Join(errors.New("other"), rpc.Error{Code: uint32(rpc.ErrNoDomain)})
	if !IsCode(err, rpc.ErrAccessDenied, rpc.ErrNoDomain) || IsCode(err, rpc.ErrAccessDenied) || IsCode(errors.New("other"), rpc.ErrOk) {
		t.Error("codes are not told apart")
	}
}
