package peers_test

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"go.parity/conformance/bench"
)

func TestMain(m *testing.M) {
	bench.Child() // the load generator is this program
	os.Exit(m.Run())
}

// Each peer serves a workload of each kind that it has a server for.
func TestPeersServe(t *testing.T) {
	ws, err := bench.Select("echo-64-64,echo-1024-1,few-of-300,some-of-10000,3,busy-16,7,idle-10000,http-64,http-512")
	if err != nil {
		t.Fatal(err)
	}
	for i := range ws {
		ws[i].Conns = min(ws[i].Conns, 100)
	}
	report, err := bench.Run(t.Context(), bench.Options{
		Workloads: ws, Impls: append([]string{"net"}, bench.Peers()...), Rounds: 1,
		Time: 10 * time.Millisecond, Warmup: 5 * time.Millisecond,
		Count: bench.CountNone, Threads: 1, Sleepy: true, Log: io.Discard,
	})
	if err != nil {
		t.Fatal(err)
	}
	if failures := report.Failures(); len(failures) > 0 {
		t.Fatalf("cells failed:\n%s", strings.Join(failures, "\n"))
	}
	for _, res := range report.Workloads {
		want := []bench.Metric{bench.Throughput, bench.P99}
		switch w := res.Workload; {
		case w.Kind == bench.KindIdle:
			want = []bench.Metric{bench.PerConn}
		case w.Hogs == 0:
			want = append(want, bench.CPU)
		}
		peers := 0
		for _, impl := range res.Impls {
			if impl.Impl != "net" {
				peers++
			}
			for _, m := range want {
				if impl.Values[m].N != 1 {
					t.Errorf("%s on %s has no %s: %v", res.Workload.Key, impl.Impl, m, impl.Samples)
				}
			}
		}
		if peers == 0 {
			t.Errorf("no peer serves %s", res.Workload.Key)
		}
	}
	if !strings.Contains(strings.Join(report.Notes, "\n"), "panjf2000/gnet/v2@v") {
		t.Errorf("the notes do not name the version of gnet: %q", report.Notes)
	}
}
