package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"go.parity/conformance/bench"
	"go.parity/conformance/programs"
	"go.parity/conformance/report"
	"go.parity/conformance/report/page"
)

// readBench reads what cmd/bench wrote with -json; without a name there are no
// benchmarks.
func readBench(name string) (*bench.Report, error) { return readJSON[bench.Report](name) }

// readPrograms reads what programs/cmd/programs wrote; without a name there is
// no table.
func readPrograms(name string) (*programs.Report, error) { return readJSON[programs.Report](name) }

func readJSON[T any](name string) (*T, error) {
	if name == "" {
		return nil, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r := new(T)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// writePage writes the report as a page.
func writePage(ctx context.Context, f *os.File, r *report.Report, last *bench.Report) error {
	data, err := page.Collect(r, last)
	if err != nil {
		return err
	}
	if err := data.WriteStudy(ctx); err != nil {
		return err
	}
	if err := page.Write(f, data); err != nil {
		return err
	}
	return f.Close()
}
