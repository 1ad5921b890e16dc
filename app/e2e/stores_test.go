package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock/store/storetest"
)

// outage checks what a store of profiles promises: after kill -9 a program without any data of its own goes on from the store; while
// the store is away scoring goes on; when it is back, empty or not, it is filled again.
func outage(t *testing.T, block string, away, back func()) {
	t.Helper()
	id := "disk/" + machineDisk(t)
	settings := "step: 500ms\nsnapshot: 1s\nsources: [{host: {interval: 500ms}}]\nstore: " + block + "\n"
	begin := func() *program { return start(t, "-c", config(t, t.TempDir(), settings)) }
	goesOn := func(p *program, from int64) {
		t.Helper()
		p.until(fmt.Sprintf("goes on from step %d", from), func() bool {
			w, ok := p.workload(id)
			return ok && w.Steps >= from
		})
		// The steps since the start are those of all workloads: other tests' devices come and go.
		if s := p.status(); s.Counts.Damaged != 0 || s.Counts.Steps/int64(max(1, s.Counts.Workloads)) >= from {
			t.Errorf("%d profiles are damaged; %d steps of %d workloads were folded since the start, %d of one should come from the store",
				s.Counts.Damaged, s.Counts.Steps, s.Counts.Workloads, from)
		}
	}

	p := begin()
	mark := p.waitSteps(id, 25)
	p.waitSaved()
	if s := p.status(); s.Counts.Saved == 0 || s.Counts.SaveErrors != 0 {
		t.Errorf("%d profiles are saved, with %d errors", s.Counts.Saved, s.Counts.SaveErrors)
	}
	p.kill()

	p = begin()
	goesOn(p, mark.Steps)
	away()
	before, _ := p.workload(id)
	p.waitSteps(id, before.Steps+6)
	p.until("notices that the store is away", func() bool { return p.status().Counts.SaveErrors > 0 })
	w, _ := p.workload(id)
	mark = p.waitSteps(id, w.Steps+2)
	back()
	p.waitSaved() // again, and not only other tests' devices
	p.kill()

	p = begin()
	goesOn(p, mark.Steps)
	p.stop()
}

func TestRedis(t *testing.T) {
	t.Parallel()
	installed(t, "redis-server", "redis-server")
	folder := t.TempDir()
	port := storetest.Port(t)
	c := storetest.NewCertificate(t)
	settings := write(t, folder+"/redis.conf", strings.Join([]string{
		"bind 127.0.0.1", "port 0", fmt.Sprintf("tls-port %d", port), "tls-cert-file " + c.CertFile, "tls-key-file " + c.KeyFile,
		"tls-ca-cert-file " + c.CertFile, "tls-auth-clients no", `save ""`, "appendonly no", "dir " + folder,
		"user default off", "user app on >secret ~mine:* +@read +@write +@connection -@dangerous +scan",
	}, "\n")+"\n")
	password := write(t, folder+"/password", "secret\n")
	run := func() *process {
		return server(t, fmt.Sprintf("127.0.0.1:%d", port), "redis-server", settings)
	}
	s := run()
	outage(t, fmt.Sprintf(`{redis: {addresses: ["127.0.0.1:%d"], username: app, password_file: %s, prefix: "mine:", tls: {ca_file: %s}}}`,
		port, password, c.CertFile), s.kill, func() { s = run() })
}

func TestRedisCluster(t *testing.T) {
	t.Parallel()
	installed(t, "redis-server", "redis-server")
	installed(t, "redis-cli", "redis-tools")
	var nodes []*process
	var addresses []string
	run := func(i int) *process {
		_, port, _ := strings.Cut(addresses[i], ":")
		folder := fmt.Sprintf("%s/%d", t.TempDir(), i)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		return server(t, addresses[i], "redis-server", "--bind", "127.0.0.1", "--port", port, "--cluster-enabled", "yes",
			"--cluster-node-timeout", "2000", "--save", "", "--appendonly", "no", "--dir", folder)
	}
	form := func() {
		nodes = nil
		for i := range addresses {
			nodes = append(nodes, run(i))
		}
		args := append([]string{"--cluster", "create"}, addresses...)
		if out, err := exec.Command("redis-cli", append(args, "--cluster-yes")...).CombinedOutput(); err != nil {
			t.Fatalf("redis-cli --cluster create: %v\n%s", err, out)
		}
		for _, address := range addresses { // which returns before all of them have heard that the cluster is complete
			_, port, _ := strings.Cut(address, ":")
			whole := waitFor(func() bool {
				out, err := exec.Command("redis-cli", "-p", port, "cluster", "info").CombinedOutput()
				return err == nil && strings.Contains(string(out), "cluster_state:ok") && strings.Contains(string(out), "cluster_slots_ok:16384")
			})
			if !whole {
				t.Fatalf("%s does not serve the whole cluster", address)
			}
		}
	}
	for range 3 {
		addresses = append(addresses, fmt.Sprintf("127.0.0.1:%d", storetest.Port(t)))
	}
	form()
	outage(t, fmt.Sprintf(`{redis: {addresses: ["%s"]}}`, strings.Join(addresses, `", "`)), func() {
		for _, n := range nodes {
			n.kill()
		}
	}, form)
}

func TestMemcached(t *testing.T) {
	t.Parallel()
	installed(t, "memcached", "memcached")
	port := storetest.Port(t)
	address := fmt.Sprintf("127.0.0.1:%d", port)
	run := func() *process {
		return server(t, address, "memcached", "-l", "127.0.0.1", "-p", fmt.Sprint(port), "-U", "0", "-u", "root")
	}
	s := run()
	outage(t, fmt.Sprintf(`{memcached: {addresses: ["%s"]}}`, address), s.kill, func() { s = run() })
}
