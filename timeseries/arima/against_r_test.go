package arima

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkAgainstR fits the same series by turns with R's arima and auto.arima and with
// this package, and reports processor times and their ratio. What is also shown is how
// much log-likelihood (fit) or AICc (auto) R is ahead: below 0 it is behind.
func BenchmarkAgainstR(b *testing.B) {
	r := startR(b)
	fit := func(n, period int, order, seasonal Order) {
		y := airline(n, period)
		cfg := Config{Order: order, Seasonal: seasonal, Period: period}
		b.Run(fmt.Sprintf("fit/n=%d/%v", n, cfg.spec()), func(b *testing.B) {
			r.compare(b, fmt.Sprintf("fit %d %d %d,%d,%d %d,%d,%d", n, period, order.P, order.D, order.Q, seasonal.P, seasonal.D, seasonal.Q), y,
				func() (float64, error) {
					m, err := Fit(y, cfg)
					return m.LogLik, err
				})
		})
	}
	fit(144, 12, Order{0, 1, 1}, Order{0, 1, 1})
	fit(720, 24, Order{0, 1, 1}, Order{0, 1, 1})
	fit(720, 24, Order{2, 1, 1}, Order{1, 1, 1})
	fit(200, 1, Order{2, 1, 2}, Order{})
	for _, c := range []struct{ n, period int }{{144, 12}, {480, 24}} {
		y := airline(c.n, c.period)
		b.Run(fmt.Sprintf("auto/n=%d/period=%d", c.n, c.period), func(b *testing.B) {
			r.compare(b, fmt.Sprintf("auto %d %d", c.n, c.period), y, func() (float64, error) {
				m, err := Choose(y, ChooseConfig{Period: c.period})
				return -m.AICc, err
			})
		})
	}
}

// session is R, answering lines.
type session struct {
	in  io.Writer
	out *bufio.Reader
}

func startR(b *testing.B) *session {
	b.Helper()
	if out, err := exec.Command("Rscript", "-e", "library(forecast)").CombinedOutput(); err != nil {
		b.Skipf("no Rscript with the package forecast to compare with: %v %s", err, out)
	}
	cmd := exec.Command("Rscript", "testdata/time.R")
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			b.Error(err)
		}
	})
	return &session{in, bufio.NewReader(out)}
}

func (s *session) compare(b *testing.B, question string, y []float64, ours func() (float64, error)) {
	b.Helper()
	line := question + strings.Trim(strings.ReplaceAll(fmt.Sprint(y), "[", " "), "]") + "\n"
	var own, theirs, ahead float64
	rounds := 0
	for b.Loop() {
		if _, err := io.WriteString(s.in, line); err != nil {
			b.Fatal(err)
		}
		var seconds, value float64
		if _, err := fmt.Fscan(s.out, &seconds, &value); err != nil {
			b.Fatal(err)
		}
		if strings.HasPrefix(question, "auto") {
			value = -value
		}
		before := processorTime(b)
		got, err := ours()
		if err != nil {
			b.Fatal(err)
		}
		own += (processorTime(b) - before).Seconds()
		theirs += seconds
		ahead = value - got
		rounds++
	}
	b.ReportMetric(1000*own/float64(rounds), "ms")
	b.ReportMetric(1000*theirs/float64(rounds), "R-ms")
	b.ReportMetric(own/math.Max(theirs, 1e-9), "ratio")
	b.ReportMetric(ahead, "R-ahead")
	b.ReportMetric(0, "ns/op") // of both together, which says nothing
}

func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
