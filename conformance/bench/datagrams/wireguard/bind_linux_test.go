package wireguard

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"golang.zx2c4.com/wireguard/conn"
)

// open opens a bind, and returns what receives by IPv4 and the address for that.
func open(tb testing.TB, b conn.Bind) (receive conn.ReceiveFunc, at string) {
	tb.Helper()
	fns, port, err := b.Open(0)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { b.Close() })
	return fns[0], netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port).String()
}

// A batch is the memory of a receive.
type batch struct {
	packets [][]byte
	sizes   []int
	eps     []conn.Endpoint
}

func newBatch(n int) batch {
	b := batch{make([][]byte, n), make([]int, n), make([]conn.Endpoint, n)}
	for i := range b.packets {
		b.packets[i] = make([]byte, 65535)
	}
	return b
}

func TestBindCarriesPackets(t *testing.T) {
	for _, size := range []int{1, 7, conn.IdealBatchSize} {
		from, to := NewNet2Bind(), NewNet2Bind()
		open(t, from)
		receive, at := open(t, to)
		ep, err := from.ParseEndpoint(at)
		if err != nil {
			t.Fatal(err)
		}
		var bufs, want [][]byte
		for i := range conn.IdealBatchSize {
			p := bytes.Repeat([]byte{byte(i)}, 100+i/10%3)
			want = append(want, p)
			bufs = append(bufs, append(make([]byte, 0, 65535), p...))
		}
		if err := from.Send(bufs, ep); err != nil {
			t.Fatal(err)
		}
		var got [][]byte
		for len(got) < len(want) {
			b := newBatch(size)
			n, err := receive(b.packets, b.sizes, b.eps)
			if err != nil {
				t.Fatal(err)
			}
			for i := range n {
				got = append(got, b.packets[i][:b.sizes[i]])
				if ip := b.eps[i].SrcIP(); ip.String() != "127.0.0.1" {
					t.Errorf("a packet came to %v, want 127.0.0.1", ip)
				}
			}
		}
		if !slices.EqualFunc(got, want, bytes.Equal) {
			t.Errorf("with batches of %d, other packets came than went", size)
		}
	}
}

func TestBindReceiveEndsWithClose(t *testing.T) {
	b := NewNet2Bind()
	fns, _, err := b.Open(0)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Open(0); err != conn.ErrBindAlreadyOpen {
		t.Errorf("Open of an open bind = %v, want %v", err, conn.ErrBindAlreadyOpen)
	}
	ended := make(chan error)
	for _, fn := range fns {
		go func() {
			p := newBatch(1)
			_, err := fn(p.packets, p.sizes, p.eps)
			ended <- err
		}()
	}
	b.Close()
	for range fns {
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("receive after Close = %v, want %v", err, net.ErrClosed)
		}
	}
}

var module = flag.Bool("module", false, "also run the tests of the wireguard module on this bind")

// The module's own tests pass on this bind: a copy of the module has it in the place of its
// own.
func TestModuleOnThisBind(t *testing.T) {
	if !*module {
		t.Skip("without -args -module: it builds the module")
	}
	dir := t.TempDir()
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "golang.zx2c4.com/wireguard").Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(strings.TrimSpace(string(root)))); err != nil {
		t.Fatal(err)
	}
	filepath.WalkDir(dir, func(path string, _ os.DirEntry, _ error) error { return os.Chmod(path, 0o755) })
	text, err := os.ReadFile("bind_linux.go")
	if err != nil {
		t.Fatal(err)
	}
	within := strings.NewReplacer("package wireguard", "package conn", "\t\"golang.zx2c4.com/wireguard/conn\"\n", "",
		"conn.Bind", "Bind", "conn.Endpoint", "Endpoint", "conn.ReceiveFunc", "ReceiveFunc", "conn.IdealBatchSize", "IdealBatchSize",
		"conn.Err", "Err").Replace(string(text))
	library, err := filepath.Abs("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"bind_net2_linux.go": within,
		"default.go":         "package conn\n\nfunc NewDefaultBind() Bind { return NewNet2Bind() }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, "conn", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"mod", "edit", "-require=go.parity@v0.0.0", "-replace=go.parity=" + library},
		{"mod", "tidy"},
		{"test", "-count=1", "./conn/...", "./device/..."},
	} {
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
		out, err := cmd.CombinedOutput()
		t.Logf("go %s\n%s", strings.Join(args, " "), out)
		if err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkBind sends 128 packets and receives them, on wireguard's own bind and on this one,
// in turn. It reports the processor time of a packet, and the median of the ratios.
func BenchmarkBind(b *testing.B) {
	for _, size := range []int{100, 1420} {
		b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) {
			std, own := passPackets(b, conn.NewStdNetBind(), conn.NewStdNetBind(), size), passPackets(b, NewNet2Bind(), NewNet2Bind(), size)
			var costs [2][]float64
			for round := 0; b.Loop(); round++ {
				for k := range 2 {
					i := (k + round) % 2
					begin := processTime()
					for range 50 {
						[]func(){std, own}[i]()
					}
					costs[i] = append(costs[i], float64(processTime()-begin)/(50*conn.IdealBatchSize))
				}
			}
			b.ReportMetric(0, "ns/op")
			var ratios []float64
			for i := range costs[0] {
				ratios = append(ratios, costs[0][i]/costs[1][i])
			}
			b.ReportMetric(median(costs[0]), "std:ns/packet")
			b.ReportMetric(median(costs[1]), "net2:ns/packet")
			b.ReportMetric(median(ratios), "net2:times")
			b.ReportMetric(testing.AllocsPerRun(10, std)/conn.IdealBatchSize, "std:allocs/packet")
			b.ReportMetric(testing.AllocsPerRun(10, own)/conn.IdealBatchSize, "net2:allocs/packet")
		})
	}
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

func processTime() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts); err != nil {
		panic(err)
	}
	return ts.Nano()
}

// passPackets returns a function that sends a batch from one bind and receives it on another.
func passPackets(b *testing.B, from, to conn.Bind, size int) func() {
	open(b, from)
	receive, at := open(b, to)
	ep, err := from.ParseEndpoint(at)
	if err != nil {
		b.Fatal(err)
	}
	bufs, in := make([][]byte, conn.IdealBatchSize), newBatch(conn.IdealBatchSize)
	for i := range bufs {
		bufs[i] = make([]byte, size, 65535)
	}
	return func() {
		if err := from.Send(bufs, ep); err != nil {
			b.Fatal(err)
		}
		limit := time.Now().Add(5 * time.Second)
		for got := 0; got < len(bufs); {
			n, err := receive(in.packets, in.sizes, in.eps)
			if err != nil || time.Now().After(limit) {
				b.Fatalf("receive = %v after %d packets", err, got)
			}
			for _, size := range in.sizes[:n] {
				if size > 0 {
					got++
				}
			}
		}
	}
}
