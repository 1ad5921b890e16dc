// Package vspheretest starts a simulated vCenter for tests (vcsim), with the guards that the real one has and the simulator lacks, and a
// relay before it that counts changes and lets them go wrong.
package vspheretest

import (
	"bytes"
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/foreshock-io/foreshock/hypervisor/vsphere"
)

// Center is a vCenter with one cluster of three hosts and the virtual machines of vcsim's model: /DC0/vm/DC0_C0_RP0_VM0 and so on.
type Center struct {
	Config vsphere.Config
	Model  *simulator.Model

	mu    sync.Mutex // guards the rest
	calls int
	fault Fault
}

// Fault is how a reconfiguration goes wrong.
type Fault struct {
	Wait    time.Duration // before the center hears it
	Swallow bool          // the center does not hear it
	Silent  bool          // nothing is answered
	Break   bool          // the connection is closed in place of an answer
	Status  int           // answered in place of what the center says, unless Silent or Break
	Fault   string        // the name of a fault that is answered with Status, as "NoPermission"
	Spoil   bool          // the center hears of a disk that there is not: the task fails
}

// Start starts a center; it ends with the test.
func Start(t testing.TB) *Center {
	t.Helper()
	c := &Center{Model: simulator.VPX()}
	if err := c.Model.Create(); err != nil {
		t.Fatal(err)
	}
	c.Model.Service.TLS = new(tls.Config)
	server := c.Model.Service.NewServer()
	behind := &url.URL{Scheme: server.URL.Scheme, Host: server.URL.Host}
	relay := httputil.NewSingleHostReverseProxy(behind)
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	relay.Transport = transport
	relay.ErrorLog = log.New(io.Discard, "", 0) // clients that leave are no news
	gone := make(chan struct{})
	front := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.serve(w, r, relay, gone) }))
	t.Cleanup(func() {
		close(gone)
		front.Close()
		transport.CloseIdleConnections()
		server.Close()
		c.Model.Remove()
	})
	password, _ := server.URL.User.Password()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Config = vsphere.Config{URL: front.URL + "/sdk", Username: server.URL.User.Username(), PasswordFile: file, Insecure: true}
	return c
}

// Calls counts the reconfigurations that were asked for.
func (c *Center) Calls() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls
}

// Reset begins to count anew; reconfigurations go as f says.
func (c *Center) Reset(f Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls, c.fault = 0, f
}

func (c *Center) take() Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	return c.fault
}

func (c *Center) serve(w http.ResponseWriter, r *http.Request, relay http.Handler, gone <-chan struct{}) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var f Fault
	if bytes.Contains(body, []byte("<ReconfigVM_Task ")) {
		f = c.take()
	}
	if f.Spoil {
		body = bytes.ReplaceAll(body, []byte("<key>"), []byte("<key>9"))
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	time.Sleep(f.Wait)
	heard := httptest.NewRecorder()
	if !f.Swallow {
		relay.ServeHTTP(heard, r)
	}
	switch {
	case f.Silent:
		select {
		case <-gone:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	case f.Break:
		panic(http.ErrAbortHandler)
	case f.Status != 0:
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(f.Status)
		if f.Fault != "" {
			_, _ = io.WriteString(w, strings.ReplaceAll(envelope, "NAME", f.Fault))
		}
		return
	}
	for name, values := range heard.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(heard.Code)
	_, _ = w.Write(heard.Body.Bytes())
}

const envelope = `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` +
	`<soapenv:Body><soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>NAME</faultstring><detail>` +
	`<NAMEFault xmlns="urn:vim25" xsi:type="NAME"></NAMEFault></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>`

// Machine lets f change a virtual machine behind everybody's back.
func (c *Center) Machine(t testing.TB, name string, f func(*simulator.VirtualMachine)) {
	t.Helper()
	for _, found := range c.Model.Map().All("VirtualMachine") {
		if vm, is := found.(*simulator.VirtualMachine); is && vm.Name == name {
			c.Model.Service.Context.WithLock(vm, func() { f(vm) })
			return
		}
	}
	t.Fatalf("the center has no machine %s", name)
}

// Disk gives the first disk of a machine.
func Disk(vm *simulator.VirtualMachine) *types.VirtualDisk {
	for _, device := range vm.Config.Hardware.Device {
		if disk, is := device.(*types.VirtualDisk); is {
			return disk
		}
	}
	return nil
}
