package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/simulate"
)

// Demand of more than one chunk is taken from a Prometheus minute by minute, and each minute once.
func TestPromDemand(t *testing.T) {
	const from, days = 1_772_323_200, 9
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		var begin, end float64
		if _, err := fmt.Sscan(r.FormValue("start")+" "+r.FormValue("end"), &begin, &end); err != nil || r.FormValue("step") != "60" || r.FormValue("query") != "sum(x)" {
			t.Errorf("asked for %v", r.Form)
		}
		var values []string
		for at := int64(begin); at <= int64(end); at += 60 {
			values = append(values, fmt.Sprintf(`[%d,"%d"]`, at, (at-from)/60%1440))
		}
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[%s]}]}}`, strings.Join(values, ","))
	}))
	defer server.Close()
	trace, err := promDemand(t.Context(), server.URL, "sum(x)", from, from+days*86400-60)
	if err != nil {
		t.Fatal(err)
	}
	if asked != 2 || len(trace.Demand) != days*1440 {
		t.Fatalf("asked %d times, and had %d minutes", asked, len(trace.Demand))
	}
	for i, x := range trace.Demand {
		if x != float64(i%1440) || trace.Missing[i] {
			t.Fatalf("minute %d has %g", i, x)
		}
	}
}

func TestPromDemandOfSeveralSeries(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"1"},"values":[]},{"metric":{"a":"2"},"values":[]}]}}`)
	}))
	defer server.Close()
	_, err := promDemand(t.Context(), server.URL, "x", 60, 6000)
	if err == nil || !strings.Contains(err.Error(), "--query gives 2 series; narrow it to one") {
		t.Error(err)
	}
}

// A month by the minute makes a page that can be sent: all policies, peaks included, in less than a megabyte.
func TestPageIsBounded(t *testing.T) {
	trace := &simulate.Trace{Name: "long", Start: 1_772_323_200}
	for i := range 31 * 1440 {
		x := 500 + float64(i*7919%5000)
		if i == 20_000 {
			x = 15_900
		}
		trace.Demand, trace.Bytes, trace.Missing = append(trace.Demand, x), append(trace.Bytes, 0), append(trace.Missing, i > 30_000 && i < 33_000)
	}
	w := &whatIf{trace: trace, provider: simulate.Provider{Name: "any", Quantum: 1000, Min: 1000, Max: 20000, ApplyDelay: time.Minute}}
	var names []string
	for _, r := range simulate.References() {
		names = append(names, r.Name)
	}
	if err := w.compare(config.Default(), names); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := w.page().Write(&b); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 1_000_000 {
		t.Errorf("%d bytes", b.Len())
	}
	for _, name := range names {
		if !strings.Contains(b.String(), "<h2>"+name+"</h2>") {
			t.Errorf("%s is not on the page", name)
		}
	}
	if !strings.Contains(b.String(), ">15k</text>") {
		t.Error("the peak of a single minute is not in the drawing")
	}
}

// What is simulated is told with what was not measured, and with demand that the provider cannot serve.
func TestWhatIfTellsGapsAndTooMuch(t *testing.T) {
	f := func(demand float64, missing bool, want string) {
		t.Helper()
		trace := &simulate.Trace{Name: "t", Start: 1_772_323_200, Demand: []float64{900, demand, 900, 900}, Missing: []bool{false, false, missing, false}}
		w := &whatIf{trace: trace, provider: simulate.Provider{Name: "small", Quantum: 100, Min: 100, Max: 1000}}
		_, got, _ := strings.Cut(w.about(), "in steps of 100.")
		if got != want {
			t.Errorf("%g, %v: %q; want %q", demand, missing, got, want)
		}
	}
	f(900, false, "")
	f(900, true, " 25 % of it was not measured, and is not scored.")
	f(1800, false, " At its highest it needs 2000 IOPS, more than small gives: then latency is too high under every policy.")
}
