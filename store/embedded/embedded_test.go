package embedded

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/store"
	"github.com/foreshock-io/foreshock/store/storetest"
)

func newSum(header []byte) {
	binary.LittleEndian.PutUint32(header[48:], crc32.Checksum(header[:48], castagnoli))
}

func TestProfiles(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Profiles {
		p, err := Factory.New(func(any) error { return nil }, store.Env{Log: slog.New(slog.DiscardHandler), Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		return p
	})
}

func TestOpen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	entries := storetest.Entries(20, 100, 1)
	for round := range 3 {
		s := must(Open(dir, Options{}))
		if round > 0 {
			storetest.Has(t, s.Profiles(), entries)
		}
		must(0, s.Profiles().Put(t.Context(), entries))
		must(0, s.Journal().Append(t.Context(), note(round)))
		if s.Journal().Last() != uint64(round+1) {
			t.Fatalf("last is %d after %d", s.Journal().Last(), round+1)
		}
		must(0, s.Close())
	}
	s := must(OpenReadOnly(dir))
	again := must(OpenReadOnly(dir)) // several may look
	storetest.Has(t, again.Profiles(), entries)
	if got := must(readAll(t, s.Journal(), 2)); len(got) != 2 {
		t.Errorf("%d events", len(got))
	}
	if err := s.Journal().Append(t.Context(), note(1)); err == nil {
		t.Error("append to a journal that is only read")
	}
	if err := s.Profiles().Put(t.Context(), entries); err == nil {
		t.Error("put to profiles that are only read")
	}
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "read by another") {
		t.Errorf("open what is being read: %v", err)
	}
	must(0, errors.Join(s.Close(), again.Close()))
	must(0, must(Open(dir, Options{})).Close())
}

// Read-only, a journal without profiles, and what a crash left is left alone.
func TestOpenReadOnlyChangesNothing(t *testing.T) {
	dir := t.TempDir()
	j := must(OpenJournal(dir, Options{}))
	must(0, j.Append(t.Context(), note(1)))
	must(0, j.Close())
	path := filepath.Join(dir, journalName, segmentName(1))
	whole := append(must(os.ReadFile(path)), "\xf5FJ1 what a crash left"...)
	must(0, os.WriteFile(path, whole, 0o600))
	s := must(OpenReadOnly(dir))
	if got := must(readAll(t, s.Journal(), 0)); len(got) != 1 || s.Journal().Damaged() != nil {
		t.Errorf("%d events, %v", len(got), s.Journal().Damaged())
	}
	storetest.Lacks(t, s.Profiles(), "a")
	must(0, s.Profiles().Range(t.Context(), func(store.Entry) error { return errors.New("something") }))
	must(0, s.Close())
	if !bytes.Equal(whole, must(os.ReadFile(path))) {
		t.Error("the journal was changed")
	}
	var log bytes.Buffer
	j = must(OpenJournal(dir, Options{Log: slog.New(slog.NewTextHandler(&log, nil))}))
	defer j.Close()
	if cut := must(os.ReadFile(path)); len(cut) >= len(whole) || !strings.Contains(log.String(), "cut off") {
		t.Errorf("%d bytes of %d are left; logged: %s", len(cut), len(whole), log.String())
	}
	if _, err := OpenReadOnly(filepath.Join(dir, "nothing")); err == nil {
		t.Error("a folder that is not there was opened")
	}
}

// A second process is told who has the folder.
func TestLock(t *testing.T) {
	dir := t.TempDir()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childDir+"="+dir)
	out := must(child.StdoutPipe())
	must(0, child.Start())
	defer func() { _ = child.Wait() }()
	defer func() { _ = child.Process.Kill() }()
	must(out.Read(make([]byte, 1)))
	want := fmt.Sprintf("in use by process %d", child.Process.Pid)
	for _, open := range []func() error{
		func() error { _, err := OpenJournal(dir, Options{}); return err },
		func() error { _, err := OpenReadOnly(dir); return err },
	} {
		if err := open(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
	must(0, child.Process.Kill())
	_ = child.Wait()
	must(0, must(OpenJournal(dir, Options{})).Close())
}

// A damaged file of profiles is put aside; a damaged page costs an error, not the process.
func TestDamagedProfiles(t *testing.T) {
	entries := storetest.Entries(2000, 1000, 1)
	whole := func() []byte {
		dir := t.TempDir()
		p := must(OpenProfiles(dir, slog.New(slog.DiscardHandler)))
		must(0, p.Put(t.Context(), entries))
		must(0, p.Close())
		return must(os.ReadFile(filepath.Join(dir, profilesName)))
	}()
	f := func(what string, data []byte, aside bool) {
		t.Helper()
		dir := t.TempDir()
		must(0, os.WriteFile(filepath.Join(dir, profilesName), data, 0o600))
		var log bytes.Buffer
		p, err := OpenProfiles(dir, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		defer p.Close()
		if aside != strings.Contains(log.String(), "damaged") {
			t.Fatalf("%s: logged %q", what, log.String())
		}
		ids := []foreshock.ID{}
		for _, e := range entries {
			ids = append(ids, e.ID)
		}
		got, err := p.Get(t.Context(), ids)
		if err != nil && !errors.Is(err, store.ErrDamaged) {
			t.Fatalf("%s: get: %v", what, err)
		}
		for id, value := range got {
			if id == entries[0].ID && bytes.Equal(value, entries[0].Value) {
				break
			}
		}
		if aside {
			must(0, p.Put(t.Context(), entries))
			storetest.Has(t, p, entries)
			return
		}
		_ = p.Put(t.Context(), entries[:100])
		_ = p.Range(t.Context(), func(store.Entry) error { return nil })
		_ = p.Delete(t.Context(), ids[:100])
	}
	f("whole", whole, false)
	f("not a database", []byte(strings.Repeat("no database ", 10000)), true)
	f("cut in half", whole[:len(whole)/2], true)
	f("cut to a page", whole[:4096], true)
	f("cut to some bytes", whole[:100], true)
	zero := bytes.Clone(whole)
	clear(zero[:8192])
	f("no meta", zero, true)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 100 {
		data := bytes.Clone(whole)
		for range 1 + rng.IntN(50) {
			data[8192+rng.IntN(len(data)-8192)] ^= byte(1 << rng.IntN(8))
		}
		page := 8192 + rng.IntN(len(data)/4096-2)*4096
		if i%2 == 0 {
			_, _ = rand.NewChaCha8([32]byte{byte(i)}).Read(data[page : page+64])
		}
		dir := t.TempDir()
		must(0, os.WriteFile(filepath.Join(dir, profilesName), data, 0o600))
		p, err := OpenProfiles(dir, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			got, err := p.Get(t.Context(), []foreshock.ID{e.ID})
			if err != nil && !errors.Is(err, store.ErrDamaged) {
				t.Fatal(err)
			}
			if value, ok := got[e.ID]; ok {
				if _, _, err := store.Open(e.ID, value); err == nil && !bytes.Equal(value, e.Value) {
					t.Fatalf("%s: a wrong value was taken", e.ID)
				}
			}
		}
		_ = p.Put(t.Context(), entries[:10])
		_ = p.Close()
	}
}

func BenchmarkPut(b *testing.B) {
	p := must(OpenProfiles(b.TempDir(), slog.New(slog.DiscardHandler)))
	defer p.Close()
	entries := storetest.Entries(1000, 4096, 1)
	for b.Loop() {
		must(0, p.Put(b.Context(), entries))
	}
}
