package libvirttest

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	rpc "github.com/digitalocean/go-libvirt"
)

// Fault is how a change goes wrong.
type Fault struct {
	Wait     time.Duration   // before the daemon hears it
	Swallow  bool            // the daemon does not hear it
	Silent   bool            // nothing is answered
	Break    bool            // the connection is closed in place of an answer
	Code     rpc.ErrorNumber // answered in place of what the daemon says, unless Silent or Break
	AnswerOK bool            // answered where Swallow is set and Code is not
}

// Relay stands between the tests' subject and the daemon.
type Relay struct {
	Socket string
	daemon string

	mu    sync.Mutex // guards the rest
	calls int
	fault Fault
}

// Relay starts a relay before the daemon; it ends with the test.
func (d *Daemon) Relay(t testing.TB) *Relay {
	t.Helper()
	r := &Relay{Socket: filepath.Join(d.dir, "relay"), daemon: d.Config.Socket}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "unix", r.Socket)
	if err != nil {
		t.Fatal(err)
	}
	var working sync.WaitGroup
	t.Cleanup(func() {
		_ = listener.Close()
		working.Wait()
	})
	working.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			working.Go(func() { r.serve(client) })
		}
	})
	return r
}

// Calls counts the changes that were asked for.
func (r *Relay) Calls() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls
}

// Reset begins to count anew; changes go as f says.
func (r *Relay) Reset(f Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls, r.fault = 0, f
}

// The procedures that change something, by remote_protocol.x of libvirt.
var changes = map[uint32]bool{199: true /* set vcpus flags */, 204: true /* set memory flags */, 251: true /* block resize */, 252: true /* set block io tune */}

// message is a message with its length, and where its header has what.
type message []byte

func (m message) procedure() uint32 { return binary.BigEndian.Uint32(m[12:]) }
func (m message) serial() uint32    { return binary.BigEndian.Uint32(m[20:]) }

func next(from io.Reader) (message, error) {
	m := make(message, 28)
	if _, err := io.ReadFull(from, m); err != nil {
		return nil, err
	}
	body := make([]byte, binary.BigEndian.Uint32(m)-28)
	_, err := io.ReadFull(from, body)
	return append(m, body...), err
}

// reply makes an answer to m: a success without results, or an error.
func (m message) reply(code rpc.ErrorNumber) message {
	a := append(message(nil), m[:28]...)
	binary.BigEndian.PutUint32(a[16:], 1) // a reply
	if code != rpc.ErrOk {
		binary.BigEndian.PutUint32(a[24:], 1) // an error: code, domain, message, level
		for _, x := range []uint32{uint32(code), 10, 1, 4, 0x74657374, 2} {
			a = binary.BigEndian.AppendUint32(a, x)
		}
	}
	binary.BigEndian.PutUint32(a, uint32(len(a)))
	return a
}

func (r *Relay) serve(client net.Conn) {
	defer client.Close()
	daemon, err := new(net.Dialer).DialContext(context.Background(), "unix", r.daemon)
	if err != nil {
		return
	}
	defer daemon.Close()
	var mu sync.Mutex // guards faults, by the serial of the call whose answer it is about
	faults := map[uint32]Fault{}
	go func() { // ends with the connection
		defer client.Close()
		for {
			m, err := next(daemon)
			if err != nil {
				return
			}
			mu.Lock()
			f, ill := faults[m.serial()]
			mu.Unlock()
			switch {
			case !ill:
			case f.Break:
				return
			case f.Silent:
				continue
			case f.Code != rpc.ErrOk:
				m = m.reply(f.Code)
			}
			if _, err := client.Write(m); err != nil {
				return
			}
		}
	}()
	for {
		m, err := next(client)
		if err != nil {
			return
		}
		if changes[m.procedure()] {
			f := r.take()
			time.Sleep(f.Wait)
			if f.Swallow {
				if f.Code != rpc.ErrOk || f.AnswerOK {
					_, _ = client.Write(m.reply(f.Code))
				}
				continue
			}
			mu.Lock()
			faults[m.serial()] = f
			mu.Unlock()
		}
		if _, err := daemon.Write(m); err != nil {
			return
		}
	}
}

func (r *Relay) take() Fault {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	return r.fault
}
