package bench

import (
	"crypto/sha256"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"go.parity/net2"
	"go.parity/socket"
)

// The benchmarks of this file compare ways to do the same, which take turns: each round runs
// all of them, in another order. They report, for each way, the median over the rounds of the
// first one's time divided by its own.

// A way is one of them. Its once does the same amount of work each time.
type way struct {
	name string
	once func()
}

// compare runs the ways in turn and measures with clock, in nanoseconds.
func compare(b *testing.B, clock func() int64, repeat int, ways []way) {
	times := make([][]float64, len(ways))
	for _, w := range ways {
		w.once() // warm
	}
	for round := 0; b.Loop(); round++ {
		for _, i := range Order(len(ways), round) {
			begin := clock()
			for range repeat {
				ways[i].once()
			}
			times[i] = append(times[i], float64(clock()-begin)/float64(repeat))
		}
	}
	b.ReportMetric(0, "ns/op")
	for i, w := range ways {
		b.ReportMetric(Summarize(times[i]).Median, w.name+":ns")
		if i > 0 {
			b.ReportMetric(Summarize(Ratios(times[0], times[i])).Median, w.name+":times")
			b.ReportMetric(testing.AllocsPerRun(10, w.once), w.name+":allocs")
		}
	}
}

// threadTime is the processor time of this thread: the kernel moves a packet over loopback in
// the thread of its sender.
func threadTime() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		panic(err)
	}
	return ts.Nano()
}

// udpEnds are two sockets on loopback.
type udpEnds struct {
	from, to *net2.UDPConn
	at       netip.AddrPort
}

func newUDPEnds(b *testing.B) udpEnds {
	b.Helper()
	listen := func() *net2.UDPConn {
		c, err := net2.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		must(b, err)
		b.Cleanup(func() { c.Close() })
		must(b, c.SetReadBuffer(1<<20))
		return c
	}
	e := udpEnds{from: listen(), to: listen()}
	e.at = e.to.LocalAddr().(*net.UDPAddr).AddrPort()
	return e
}

// descriptorOf returns the number of a connection's descriptor, which stays open as long as
// the connection.
func descriptorOf(b *testing.B, c *net2.UDPConn) (fd int) {
	b.Helper()
	raw, err := c.SyscallConn()
	must(b, err)
	must(b, raw.Control(func(f uintptr) { fd = int(f) }))
	return fd
}

// udpMessages returns n messages with room, or data, of a size.
func udpMessages(n, size int, at netip.AddrPort) []net2.UDPMessage {
	ms := make([]net2.UDPMessage, n)
	for i := range ms {
		ms[i] = net2.UDPMessage{Buffer: make([]byte, size), Addr: at}
	}
	return ms
}

// singly sends and receives n datagrams, each with a call of its own.
func singly(b *testing.B, from, to interface {
	WriteToUDPAddrPort([]byte, netip.AddrPort) (int, error)
	ReadFromUDPAddrPort([]byte) (int, netip.AddrPort, error)
}, at netip.AddrPort, n, size int) func() {
	p, q := make([]byte, size), make([]byte, size)
	return func() {
		for range n {
			if _, err := from.WriteToUDPAddrPort(p, at); err != nil {
				b.Fatal(err)
			}
		}
		for range n {
			if _, _, err := to.ReadFromUDPAddrPort(q); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// received reads from to until total bytes have come.
func received(b *testing.B, to *net2.UDPConn, in []net2.UDPMessage, total int) {
	for got := 0; got < total; {
		k, err := to.ReadUDPBatch(in)
		if err != nil {
			b.Fatal(err)
		}
		for i := range in[:k] {
			got += len(in[i].Buffer)
			in[i].Buffer = in[i].Buffer[:cap(in[i].Buffer)]
		}
	}
}

// BenchmarkUDPBatch sends and receives 32 datagrams.
func BenchmarkUDPBatch(b *testing.B) {
	const n = 32
	sizes(b, []int{64, 1200}, func(b *testing.B, size int) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		compare(b, threadTime, 50, []way{
			{"net", netSingly(b, n, size)},
			{"net2", func() func() { e := newUDPEnds(b); return singly(b, e.from, e.to, e.at, n, size) }()},
			{"xnet", xnetBatch(b, n, size)},
			{"bare", bareBatch(b, n, size)},
			{"batch", net2Batch(b, n, size)},
			{"gso", net2Segments(b, n, size, false)},
			{"gso+gro", net2Segments(b, n, size, true)},
		})
	})
}

func netSingly(b *testing.B, n, size int) func() {
	listen := func() *net.UDPConn {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		must(b, err)
		b.Cleanup(func() { c.Close() })
		must(b, c.SetReadBuffer(1<<20))
		return c
	}
	from, to := listen(), listen()
	return singly(b, from, to, to.LocalAddr().(*net.UDPAddr).AddrPort(), n, size)
}

// xnetBatch uses golang.org/x/net on connections of package net.
func xnetBatch(b *testing.B, n, size int) func() {
	listen := func() net.PacketConn {
		c, err := net.ListenPacket("udp4", "127.0.0.1:0")
		must(b, err)
		b.Cleanup(func() { c.Close() })
		return c
	}
	f, t := listen(), listen()
	from, to := ipv4.NewPacketConn(f), ipv4.NewPacketConn(t)
	out, in := make([]ipv4.Message, n), make([]ipv4.Message, n)
	for i := range n {
		out[i] = ipv4.Message{Buffers: [][]byte{make([]byte, size)}, Addr: t.LocalAddr()}
		in[i] = ipv4.Message{Buffers: [][]byte{make([]byte, size)}}
	}
	return func() {
		for k := 0; k < n; {
			m, err := from.WriteBatch(out[k:], 0)
			if err != nil {
				b.Fatal(err)
			}
			k += m
		}
		for k := 0; k < n; {
			m, err := to.ReadBatch(in[k:], 0)
			if err != nil {
				b.Fatal(err)
			}
			k += m
		}
	}
}

// bareBatch makes the two system calls with headers that it filled in beforehand.
func bareBatch(b *testing.B, n, size int) func() {
	e := newUDPEnds(b)
	from, to := descriptorOf(b, e.from), descriptorOf(b, e.to)
	out, in := socket.GetMessages(n), socket.GetMessages(n)
	for i := range n {
		out.Set(i, make([]byte, size), nil)
		out.Name(i).SetInet4(e.at.Addr().As4(), int(e.at.Port()))
		in.Set(i, make([]byte, size), nil)
	}
	return func() {
		if k, errno := socket.Sendmmsg(from, out, n); k != n {
			b.Fatalf("sendmmsg = %d, %v, want %d", k, errno, n)
		}
		for got := 0; got < n; {
			k, errno := socket.Recvmmsg(to, in, n)
			if errno != 0 {
				b.Fatal(errno)
			}
			got += k
		}
	}
}

func net2Batch(b *testing.B, n, size int) func() {
	e := newUDPEnds(b)
	out, in := udpMessages(n, size, e.at), udpMessages(n, size, netip.AddrPort{})
	return func() {
		if _, err := e.from.WriteUDPBatch(out); err != nil {
			b.Fatal(err)
		}
		received(b, e.to, in, n*size)
	}
}

// net2Segments lets the kernel cut one message into n datagrams, and merge them if merge is
// set.
func net2Segments(b *testing.B, n, size int, merge bool) func() {
	e := newUDPEnds(b)
	out := []net2.UDPMessage{{Buffer: make([]byte, n*size), SegmentSize: size, Addr: e.at}}
	in := udpMessages(n, size, netip.AddrPort{})
	if merge {
		in = udpMessages(2, 65535, netip.AddrPort{})
		must(b, e.to.SetReceiveOffload(true))
	}
	return func() {
		if _, err := e.from.WriteUDPBatch(out); err != nil {
			b.Fatal(err)
		}
		received(b, e.to, in, n*size)
	}
}

// BenchmarkUDPBatchOfOne sends a datagram and receives it, as a batch of one.
func BenchmarkUDPBatchOfOne(b *testing.B) {
	sizes(b, []int{64, 1200}, func(b *testing.B, size int) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		e := newUDPEnds(b)
		in := udpMessages(1, size, netip.AddrPort{})
		p := make([]byte, size)
		compare(b, threadTime, 1000, []way{
			{"net", netSingly(b, 1, size)},
			{"net2", singly(b, e.from, e.to, e.at, 1, size)},
			{"batch", func() {
				if _, err := e.from.WriteToUDPAddrPort(p, e.at); err != nil {
					b.Fatal(err)
				}
				received(b, e.to, in, size)
			}},
		})
	})
}

// BenchmarkUDPReaders has goroutines read one socket and answer each datagram, with and without
// some work for each. A client keeps 64 datagrams under way. It reports how many answers came,
// over those that as many goroutines gave on a socket of package net.
func BenchmarkUDPReaders(b *testing.B) {
	for _, readers := range []int{1, 4} {
		for _, work := range []int{0, 50} {
			b.Run(fmt.Sprintf("readers=%d/sha=%d", readers, work), func(b *testing.B) {
				c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
				must(b, err)
				b.Cleanup(func() { c.Close() })
				must(b, c.SetReadBuffer(1<<20))
				countAnswers(b, readers, work, []answering{
					{"net", c, c.LocalAddr().(*net.UDPAddr).AddrPort()},
					func() answering { e := newUDPEnds(b); return answering{"net2", e.to, e.at} }(),
				})
			})
		}
	}
}

// An answering is a socket on which goroutines answer.
type answering struct {
	name string
	conn answeringConn
	at   netip.AddrPort
}

type answeringConn interface {
	ReadFromUDPAddrPort([]byte) (int, netip.AddrPort, error)
	WriteToUDPAddrPort([]byte, netip.AddrPort) (int, error)
	SetReadDeadline(time.Time) error
}

// answerFor is how long each of them does so in a round.
const answerFor = 50 * time.Millisecond

func countAnswers(b *testing.B, readers, work int, conns []answering) {
	rates := make([][]float64, len(conns))
	client := newUDPEnds(b).from
	for round := 0; b.Loop(); round++ {
		for _, i := range Order(len(conns), round) {
			c := conns[i]
			must(b, c.conn.SetReadDeadline(time.Time{}))
			var group sync.WaitGroup
			for range readers {
				group.Go(func() { respond(c, work) })
			}
			n := ask(b, client, c.at)
			must(b, c.conn.SetReadDeadline(time.Unix(1, 0)))
			group.Wait()
			rates[i] = append(rates[i], float64(n)/answerFor.Seconds())
		}
	}
	b.ReportMetric(0, "ns/op")
	for i, c := range conns {
		b.ReportMetric(Summarize(rates[i]).Median, c.name+":answers/s")
		if i > 0 {
			b.ReportMetric(Summarize(Ratios(rates[i], rates[0])).Median, c.name+":times")
		}
	}
}

// respond answers datagrams until the deadline.
func respond(c answering, work int) {
	p := make([]byte, 64)
	for {
		n, from, err := c.conn.ReadFromUDPAddrPort(p)
		if err != nil {
			return
		}
		for range work {
			sha256.Sum256(p[:n])
		}
		c.conn.WriteToUDPAddrPort(p[:n], from)
	}
}

// ask keeps datagrams under way for some time, and returns how many answers came. If all get
// lost, it sends new ones.
func ask(b *testing.B, client *net2.UDPConn, at netip.AddrPort) (answers int) {
	const window = 64
	out, in := udpMessages(window, 64, at), udpMessages(window, 64, netip.AddrPort{})
	for end, n := time.Now().Add(answerFor), window; time.Now().Before(end); {
		if _, err := client.WriteUDPBatch(out[:n]); err != nil {
			b.Fatal(err)
		}
		must(b, client.SetReadDeadline(end.Add(5*time.Millisecond)))
		k, err := client.ReadUDPBatch(in)
		if err != nil {
			break
		}
		n = k
		answers += k
	}
	return answers
}

// BenchmarkUDPDrain has goroutines empty one socket, in which many datagrams wait: nobody else
// needs the processors meanwhile.
func BenchmarkUDPDrain(b *testing.B) {
	for _, readers := range []int{1, 4} {
		b.Run(fmt.Sprintf("readers=%d", readers), func(b *testing.B) {
			e := newUDPEnds(b)
			c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
			must(b, err)
			b.Cleanup(func() { c.Close() })
			compareDrain(b, readers, e.from, []answering{
				{"net", c, c.LocalAddr().(*net.UDPAddr).AddrPort()},
				{"net2", e.to, e.at},
			})
		})
	}
}

// drained is how many datagrams wait. They take 4 MiB, for which a program needs privileges.
const drained = 4000

func compareDrain(b *testing.B, readers int, from *net2.UDPConn, conns []answering) {
	times := make([][]float64, len(conns))
	for _, c := range conns {
		raw, err := c.conn.(syscall.Conn).SyscallConn()
		must(b, err)
		must(b, raw.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 16<<20)
		}))
		if err != nil {
			b.Skipf("not permitted: a receive buffer for %d datagrams: %v", drained, err)
		}
	}
	for round := 0; b.Loop(); round++ {
		for _, i := range Order(len(conns), round) {
			times[i] = append(times[i], empty(b, readers, from, conns[i]))
		}
	}
	b.ReportMetric(0, "ns/op")
	for i, c := range conns {
		b.ReportMetric(Summarize(times[i]).Median/drained, c.name+":ns")
		if i > 0 {
			b.ReportMetric(Summarize(Ratios(times[0], times[i])).Median, c.name+":times")
		}
	}
}

// empty fills the socket and returns how long the readers take to empty it, in nanoseconds.
func empty(b *testing.B, readers int, from *net2.UDPConn, c answering) float64 {
	const size = 64
	if _, err := from.WriteUDPBatch([]net2.UDPMessage{{Buffer: make([]byte, drained*size), SegmentSize: size, Addr: c.at}}); err != nil {
		b.Fatal(err)
	}
	must(b, c.conn.SetReadDeadline(time.Time{}))
	var left atomic.Int64
	left.Store(drained)
	var end time.Time
	var group sync.WaitGroup
	gate := make(chan bool)
	for range readers {
		group.Go(func() {
			p := make([]byte, size)
			for <-gate; ; {
				if _, _, err := c.conn.ReadFromUDPAddrPort(p); err != nil {
					return
				}
				if left.Add(-1) == 0 {
					end = time.Now()
					c.conn.SetReadDeadline(end) // the others go
					return
				}
			}
		})
	}
	begin := time.Now()
	close(gate)
	group.Wait()
	return float64(end.Sub(begin))
}

// BenchmarkUDPWriters has goroutines send on one socket, each to a socket of its own, which
// nobody reads.
func BenchmarkUDPWriters(b *testing.B) {
	for _, writers := range []int{1, 4} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			e := newUDPEnds(b)
			c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
			must(b, err)
			b.Cleanup(func() { c.Close() })
			var sinks []netip.AddrPort
			for range writers {
				sinks = append(sinks, newUDPEnds(b).at)
			}
			wall := func() int64 { return time.Now().UnixNano() }
			compare(b, wall, 1, []way{
				{"net", sendAll(b, c, sinks)},
				{"net2", sendAll(b, e.from, sinks)},
			})
		})
	}
}

func sendAll(b *testing.B, c answeringConn, sinks []netip.AddrPort) func() {
	return func() {
		var group sync.WaitGroup
		for _, to := range sinks {
			group.Go(func() {
				p := make([]byte, 64)
				for range 1000 {
					if _, err := c.WriteToUDPAddrPort(p, to); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		group.Wait()
	}
}
