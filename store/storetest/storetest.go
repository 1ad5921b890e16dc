// Package storetest is the kit for stores of profiles: every store's test is a call of Run and its own specials.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/store"
)

// Run checks that the stores which open gives keep the contract of store.Profiles. Each call of open gives an
// empty store, which Run closes.
func Run(t *testing.T, open func(t *testing.T) store.Profiles) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(*testing.T, store.Profiles)
	}{
		{"one", one},
		{"batch", batch},
		{"ids", oddIDs},
		{"values", oddValues},
		{"snapshots", snapshots},
		{"copies", copies},
		{"cancel", cancelled},
		{"concurrent", concurrent},
		{"range", ranged},
	} {
		t.Run(c.name, func(t *testing.T) {
			profiles := open(t)
			defer func() {
				if err := profiles.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			}()
			c.run(t, profiles)
		})
	}
}

// Entries makes n profiles of the given payload size, sealed, the same for the same seed.
func Entries(n, size int, seed uint64) []store.Entry {
	rng := rand.New(rand.NewPCG(seed, 0))
	list := make([]store.Entry, n)
	for i := range list {
		payload := make([]byte, size)
		for j := range payload {
			payload[j] = byte(rng.Uint32())
		}
		id := foreshock.ID(fmt.Sprintf("host-%02d/disk/%05d", i%50, i))
		list[i] = store.Entry{ID: id, Value: store.Seal(id, 1, payload)}
	}
	return list
}

// Has checks that the store answers each of the entries as it was put.
func Has(t *testing.T, profiles store.Profiles, want []store.Entry) {
	t.Helper()
	got, err := profiles.Get(t.Context(), idsOf(want))
	if err != nil {
		t.Fatalf("get %d: %v", len(want), err)
	}
	for _, e := range want {
		value, ok := got[e.ID]
		switch {
		case !ok:
			t.Fatalf("%q is missing", e.ID)
		case !bytes.Equal(value, e.Value):
			t.Fatalf("%q is %d bytes %.40x, want %d bytes %.40x", e.ID, len(value), value, len(e.Value), e.Value)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("got %d values, want %d", len(got), len(want))
	}
}

// Lacks checks that the store has none of the ids, and says so without an error.
func Lacks(t *testing.T, profiles store.Profiles, ids ...foreshock.ID) {
	t.Helper()
	got, err := profiles.Get(t.Context(), ids)
	if err != nil {
		t.Fatalf("get what is missing: %v", err)
	}
	if len(got) != 0 {
		t.Fatalf("got %v, want nothing", got)
	}
}

func put(t *testing.T, profiles store.Profiles, entries ...store.Entry) {
	t.Helper()
	if err := profiles.Put(t.Context(), entries); err != nil {
		t.Fatalf("put %d: %v", len(entries), err)
	}
}

func idsOf(entries []store.Entry) []foreshock.ID {
	ids := make([]foreshock.ID, len(entries))
	for i, e := range entries {
		ids[i] = e.ID
	}
	return ids
}

func one(t *testing.T, p store.Profiles) {
	Lacks(t, p, "a", "b")
	Lacks(t, p)
	put(t, p)
	put(t, p, store.Entry{ID: "a", Value: []byte("1")})
	Has(t, p, []store.Entry{{ID: "a", Value: []byte("1")}})
	put(t, p, store.Entry{ID: "a", Value: []byte("22")}, store.Entry{ID: "b", Value: []byte("3")})
	Has(t, p, []store.Entry{{ID: "a", Value: []byte("22")}, {ID: "b", Value: []byte("3")}})

	got, err := p.Get(t.Context(), []foreshock.ID{"b", "nobody"})
	if err != nil || len(got) != 1 || string(got["b"]) != "3" {
		t.Errorf("one of two: %v, %v", got, err)
	}
	if err := p.Delete(t.Context(), []foreshock.ID{"a", "nobody"}); err != nil {
		t.Fatalf("delete: %v", err)
	}
	if err := p.Delete(t.Context(), nil); err != nil {
		t.Fatalf("delete nothing: %v", err)
	}
	Lacks(t, p, "a")
	Has(t, p, []store.Entry{{ID: "b", Value: []byte("3")}})
}

func batch(t *testing.T, p store.Profiles) {
	entries := Entries(5000, 4096, 1)
	put(t, p, entries...)
	Has(t, p, entries)
	again := Entries(5000, 1000, 2)
	put(t, p, again...)
	Has(t, p, again)
	if err := p.Delete(t.Context(), idsOf(again[:4999])); err != nil {
		t.Fatalf("delete: %v", err)
	}
	Lacks(t, p, idsOf(again[:4999])...)
	Has(t, p, again[4999:])
}

func oddIDs(t *testing.T, p store.Profiles) {
	var entries []store.Entry
	for _, id := range []foreshock.ID{
		"a", "A", " ", "a b", " a", "a ", "a\u00a0b", "диск/а", "磁盘", "e\u0301", "é", "🌊", "*", "?", "[a-z]", `\`, `\*`, "{a}b",
		"../../etc/passwd", "/", "//", "a:b", "a\"b'c", "${x}", "%41", "0",
		foreshock.ID(strings.Repeat("x", foreshock.MaxID)),
		foreshock.ID(strings.Repeat("x", foreshock.MaxID-1) + "y"),
		foreshock.ID(strings.Repeat("é", foreshock.MaxID/2)),
		foreshock.ID(strings.Repeat("y", 250)), foreshock.ID(strings.Repeat("y", 251)),
	} {
		if err := id.Check(); err != nil {
			t.Fatal(err)
		}
		entries = append(entries, store.Entry{ID: id, Value: store.Seal(id, 1, []byte(id))})
	}
	put(t, p, entries...)
	Has(t, p, entries)
	gone := entries[:len(entries)/2]
	if err := p.Delete(t.Context(), idsOf(gone)); err != nil {
		t.Fatal(err)
	}
	Lacks(t, p, idsOf(gone)...)
	Has(t, p, entries[len(gone):])
}

func oddValues(t *testing.T, p store.Profiles) {
	var entries []store.Entry
	for i, value := range [][]byte{{0}, []byte("\r\n"), []byte("END\r\n"), []byte("$-1\r\n"), make([]byte, 1000), make([]byte, 1<<18)} {
		entries = append(entries, store.Entry{ID: foreshock.ID(fmt.Sprint(i)), Value: value})
	}
	put(t, p, entries...)
	Has(t, p, entries)
}

// snapshots checks what is kept beside profiles: values a hundred times as large, more of them than go in one call, with keys that are no
// workload's id and longer than any.
func snapshots(t *testing.T, p store.Profiles) {
	small := Entries(3, 4096, 1)
	large := Entries(16, 400_000, 2)
	for i := range large {
		large[i].ID = foreshock.ID(strings.Repeat("x", foreshock.MaxID)) + foreshock.ID(fmt.Sprintf("\x1frehearsal %d", i))
	}
	all := slices.Concat(small[:1], large, small[1:])
	put(t, p, all...)
	Has(t, p, all)
	if err := p.Delete(t.Context(), idsOf(large)); err != nil {
		t.Fatalf("delete: %v", err)
	}
	Lacks(t, p, idsOf(large)...)
	Has(t, p, small)
}

// copies checks that neither side holds on to the other's memory.
func copies(t *testing.T, p store.Profiles) {
	value := []byte("before")
	put(t, p, store.Entry{ID: "a", Value: value})
	copy(value, "AFTER!")
	got, err := p.Get(t.Context(), []foreshock.ID{"a"})
	if err != nil {
		t.Fatal(err)
	}
	mine := got["a"]
	if string(mine) != "before" {
		t.Fatalf("the store holds %q", mine)
	}
	copy(mine, "MINE!!")
	put(t, p, store.Entry{ID: "a", Value: []byte("later!")})
	if string(mine) != "MINE!!" {
		t.Errorf("a value that was read turned into %q", mine)
	}
	Has(t, p, []store.Entry{{ID: "a", Value: []byte("later!")}})
}

func cancelled(t *testing.T, p store.Profiles) {
	entries := Entries(10, 100, 3)
	put(t, p, entries...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context: %v, want %v", what, err, context.Canceled)
		}
	}
	_, err := p.Get(ctx, idsOf(entries))
	f("get", err)
	f("put", p.Put(ctx, Entries(10, 100, 4)))
	f("delete", p.Delete(ctx, idsOf(entries)))
	if err := p.Range(ctx, func(store.Entry) error { return nil }); !errors.Is(err, store.ErrCannotList) {
		f("range", err)
	}
	Has(t, p, entries)
}

func concurrent(t *testing.T, p store.Profiles) {
	var wg sync.WaitGroup
	const workers, rounds = 8, 10
	last := make([][]store.Entry, workers)
	for w := range workers {
		wg.Go(func() {
			for round := range rounds {
				entries := Entries(20, 500, uint64(w*rounds+round))
				for i := range entries {
					id := foreshock.ID(fmt.Sprintf("worker-%d/%d", w, i))
					entries[i] = store.Entry{ID: id, Value: store.Seal(id, uint32(round), entries[i].Value)}
				}
				shared := store.Seal("shared", uint32(w), []byte(fmt.Sprint(w)))
				if err := p.Put(t.Context(), append(entries, store.Entry{ID: "shared", Value: shared})); err != nil {
					t.Error(err)
					return
				}
				got, err := p.Get(t.Context(), append(idsOf(entries), "shared"))
				if err != nil || len(got) != len(entries)+1 {
					t.Errorf("got %d values, %v; want %d", len(got), err, len(entries)+1)
					return
				}
				if _, _, err := store.Open("shared", got["shared"]); err != nil {
					t.Error(err)
				}
				last[w] = entries
			}
		})
	}
	wg.Wait()
	for _, entries := range last {
		Has(t, p, entries)
	}
}

func ranged(t *testing.T, p store.Profiles) {
	collect := func() (map[foreshock.ID]string, error) {
		got := map[foreshock.ID]string{}
		err := p.Range(t.Context(), func(e store.Entry) error {
			if _, twice := got[e.ID]; twice {
				t.Errorf("%q is named twice", e.ID)
			}
			got[e.ID] = string(e.Value)
			return nil
		})
		return got, err
	}
	got, err := collect()
	if errors.Is(err, store.ErrCannotList) {
		return
	}
	if err != nil || len(got) != 0 {
		t.Fatalf("an empty store names %d profiles, %v", len(got), err)
	}
	want := map[foreshock.ID]string{}
	entries := append(Entries(2500, 200, 5), store.Entry{ID: "a *[b]\\", Value: []byte{0, 1, 2}})
	for _, e := range entries {
		want[e.ID] = string(e.Value)
	}
	put(t, p, entries...)
	if got, err = collect(); err != nil || !maps.Equal(got, want) {
		t.Fatalf("range names %d profiles, %v; want the %d that were put", len(got), err, len(want))
	}
	enough, calls := errors.New("enough"), 0
	err = p.Range(t.Context(), func(store.Entry) error {
		if calls++; calls == 3 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || calls != 3 {
		t.Errorf("an error of the caller: %v after %d calls, want %v after 3", err, calls, enough)
	}
}
