package simulate

import "testing"

// Where a hello states the latency that is wanted and that of an idle volume, but no utilisation, it is the one of a queue that meets the objective.
func TestHelloWithoutUtilisation(t *testing.T) {
	f := func(slo string, want float64) {
		t.Helper()
		var m Message
		err := m.Parse([]byte(`{"type":"hello","protocol":1,"id":"v","t":600,"step_s":60,"provisioned":500,"provider":{"max":9000},"slo":` + slo + `}`))
		v, wrong := m.Volume()
		if err != nil || wrong != nil || v.Utilisation != want {
			t.Errorf("%s: %g, %v, %v; want %g", slo, v.Utilisation, err, wrong, want)
		}
	}
	f(`{"latency_ms":10,"base_latency_ms":1}`, 0.9)
	f(`{"latency_ms":2,"base_latency_ms":1}`, 0.5)
	f(`{"latency_ms":2,"base_latency_ms":1,"max_utilisation":0.4}`, 0.4)
	f(`{"latency_ms":10}`, 0)
}
