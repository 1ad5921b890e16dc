// Command reference prints the table of agreement with R, statsmodels and Prophet from the log of the tests that compare with them:
//
//	go test -count=1 -v -run Reference ./timeseries/... | go run ./bench/reference
//
// It exits with 1 when a line is out of its tolerance, a test failed or nothing was compared.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/foreshock-io/foreshock/timeseries/referencetest"
)

func main() {
	if err := table(os.Stdout, os.Stdin); err != nil {
		fmt.Fprintf(os.Stderr, "reference: %v\n", err)
		os.Exit(1)
	}
}

// table writes the marked lines of a log of go test -v as a table.
func table(w io.Writer, log io.Reader) error {
	out := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(out, "FIXTURE\tWHAT\tLARGEST DEVIATION\tTOLERANCE\tVERDICT")
	lines, bad := 0, 0
	var rest []string // of the log of tests that failed or were skipped
	in := bufio.NewScanner(log)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		_, row, ok := strings.Cut(in.Text(), referencetest.Mark+"\t")
		switch text := strings.TrimSpace(in.Text()); {
		case ok:
			lines++
			if strings.HasSuffix(row, "OUT") {
				bad++
			}
			fmt.Fprintln(out, row)
		case strings.HasPrefix(text, "--- FAIL"), strings.HasPrefix(text, "FAIL"), strings.HasPrefix(text, "panic:"):
			bad++
			rest = append(rest, text)
		case strings.HasPrefix(text, "--- SKIP"):
			rest = append(rest, text)
		}
	}
	if err := in.Err(); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	for _, line := range rest {
		fmt.Fprintln(w, line)
	}
	switch {
	case bad > 0:
		return fmt.Errorf("%d of %d comparisons are out, or their tests failed", bad, lines)
	case lines == 0:
		return fmt.Errorf("nothing was compared: the recorded results of R, statsmodels and Prophet are not in ../shared/reference")
	}
	fmt.Fprintf(w, "%d comparisons, all within\n", lines)
	return nil
}
