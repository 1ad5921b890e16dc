package discover

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// machine is a tree with the files given.
func machine(t *testing.T, files map[string]string) Machine {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Machine{Root: root, Home: filepath.Join(root, "home"), Env: func(string) string { return "" }}
}

// server answers each line with an answer.
func server(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := bufio.NewReader(conn).ReadString('\n'); err == nil {
				fmt.Fprint(conn, answer)
			}
			_ = conn.Close()
		}
	}()
	return l.Addr().String()
}

func TestLook(t *testing.T) {
	m := machine(t, map[string]string{
		"sys/block/sdb/dev": "8:16", "sys/block/sda/dev": "8:0", "sys/block/loop0/dev": "7:0", "sys/block/zram0/dev": "252:0",
		"sys/fs/cgroup/cgroup.controllers":         "io",
		"sys/fs/cgroup/system.slice/db/io.max":     "8:0 rbps=10485760 wbps=max riops=500 wiops=800\n8:16 rbps=max wbps=max riops=max wiops=max\n",
		"sys/fs/cgroup/system.slice/web/io.max":    "",
		"run/libvirt/libvirt-sock":                 "",
		"home/.kube/config":                        "",
		"home/.aws/config":                         "",
		"sys/fs/cgroup/system.slice/odd/io.max":    "8:0 riops=many\n",
		"sys/fs/cgroup/system.slice/db/cpu.weight": "100",
	})
	m.Redis, m.Memcached = server(t, "+PONG\r\n"), server(t, "ERROR\r\n")
	got := m.Look(t.Context())
	want := Found{
		Disks: []string{"sda", "sdb"}, Groups: []Group{{"system.slice/db", "8:0", 500, 10485760}}, Libvirt: "/run/libvirt/libvirt-sock",
		Kubeconfig: filepath.Join(m.Home, ".kube", "config"), Redis: m.Redis, AWS: true,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if got := machine(t, nil).Look(t.Context()); !reflect.DeepEqual(got, Found{}) {
		t.Errorf("on an empty machine there is %+v", got)
	}
}

// Of version 1 there is a file for each limit.
func TestGroupsOfVersion1(t *testing.T) {
	m := machine(t, map[string]string{
		"sys/fs/cgroup/blkio/a/blkio.throttle.read_iops_device":  "254:0 300\n",
		"sys/fs/cgroup/blkio/a/blkio.throttle.write_iops_device": "254:0 200\n",
		"sys/fs/cgroup/blkio/a/blkio.throttle.write_bps_device":  "",
	})
	if got, want := m.groups(), []Group{{Path: "a", Device: "254:0", IOPS: 200}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestAsk(t *testing.T) {
	f := func(answer string, status int, want []string, fault string) {
		t.Helper()
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/p/api/v1/label/__name__/values" {
				t.Errorf("asked for %s", r.URL.Path)
			}
			w.WriteHeader(status)
			fmt.Fprint(w, answer)
		}))
		defer s.Close()
		var found Found
		err := found.Ask(t.Context(), s.URL+"/p/")
		if (err == nil) != (fault == "") || err != nil && !strings.Contains(err.Error(), fault) || !reflect.DeepEqual(found.Presets, want) {
			t.Errorf("%s: %v, %v; want %v, %q", answer, found.Presets, err, want, fault)
		}
	}
	f(`{"status":"success","data":["node_disk_reads_completed_total","up"]}`, 200, []string{"node_exporter"}, "")
	f(`{"status":"success","data":["up"]}`, 200, nil, "none that a preset knows (azure_disk, cadvisor,")
	f(`<html>`, 200, nil, "is not what a Prometheus does")
	f(``, 503, nil, "503")
}
