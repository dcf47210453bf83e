//go:build linux

package net2

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// These tests make networks of their own, in namespaces, which takes privileges. On each,
// every datagram arrives once or is reported.

// A namespace is a network namespace, and a goroutine whose thread is in it.
type namespace struct {
	do   chan func()
	path string
}

func newNamespace(t *testing.T) *namespace {
	t.Helper()
	ns := &namespace{do: make(chan func())}
	ready, ended := make(chan error), make(chan bool)
	go func() {
		defer close(ended)
		runtime.LockOSThread() // and never unlocks: the thread ends with the goroutine
		ns.path = fmt.Sprintf("/proc/%d/task/%d/ns/net", os.Getpid(), unix.Gettid())
		ready <- unix.Unshare(unix.CLONE_NEWNET)
		for f := range ns.do {
			f()
		}
	}()
	t.Cleanup(func() { close(ns.do); <-ended })
	if err := <-ready; err != nil {
		t.Skipf("not permitted: a network namespace needs CAP_SYS_ADMIN: %v", err)
	}
	return ns
}

// in calls f in the namespace.
func (ns *namespace) in(f func()) {
	done := make(chan bool)
	ns.do <- func() { defer close(done); f() }
	<-done
}

// listen returns a socket in the namespace.
func (ns *namespace) listen(t *testing.T, address string) (*UDPConn, netip.AddrPort) {
	t.Helper()
	var c *UDPConn
	var at netip.AddrPort
	ns.in(func() { c, at = listenUDP(t, "udp4", address) })
	return c, at
}

// ip calls ip(8) in the namespace, once for each line.
func (ns *namespace) ip(t *testing.T, lines ...string) {
	t.Helper()
	for _, line := range lines {
		var out []byte
		var err error
		ns.in(func() { out, err = exec.Command("ip", strings.Fields(line)...).CombinedOutput() })
		if err != nil {
			t.Skipf("not possible here: ip %s: %v: %s", line, err, out)
		}
	}
}

// veth joins two namespaces by a pair of devices of an MTU.
func veth(t *testing.T, a, b *namespace, name string, mtu int, addrA, addrB string) {
	t.Helper()
	a.ip(t, fmt.Sprintf("link add %sa mtu %d type veth peer name %sb mtu %d netns %s", name, mtu, name, mtu, b.path),
		fmt.Sprintf("addr add %s/24 dev %sa", addrA, name), fmt.Sprintf("link set %sa up", name))
	b.ip(t, fmt.Sprintf("addr add %s/24 dev %sb", addrB, name), fmt.Sprintf("link set %sb up", name))
}

// tunnel makes a device in the namespace whose packets the returned file reads and writes.
// Such a device makes no checksums.
func (ns *namespace) tunnel(t *testing.T, mtu int, address string) *os.File {
	t.Helper()
	var fd int
	var err error
	ns.in(func() { fd, err = makeTunnel(mtu, netip.MustParseAddr(address)) })
	if err != nil {
		t.Skipf("not possible here: a TUN device: %v", err)
	}
	f := os.NewFile(uintptr(fd), "tun")
	t.Cleanup(func() { f.Close() })
	return f
}

func makeTunnel(mtu int, address netip.Addr) (int, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return 0, err
	}
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		unix.Close(fd)
		return 0, err
	}
	defer unix.Close(s)
	for _, step := range []struct {
		fd    int
		req   uint
		value func(*unix.Ifreq)
	}{
		{fd, unix.TUNSETIFF, func(r *unix.Ifreq) { r.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI) }},
		{s, unix.SIOCSIFADDR, func(r *unix.Ifreq) { r.SetInet4Addr(address.AsSlice()) }},
		{s, unix.SIOCSIFNETMASK, func(r *unix.Ifreq) { r.SetInet4Addr([]byte{255, 255, 255, 0}) }},
		{s, unix.SIOCSIFMTU, func(r *unix.Ifreq) { r.SetUint32(uint32(mtu)) }},
		{s, unix.SIOCSIFTXQLEN, func(r *unix.Ifreq) { r.SetUint32(100_000) }},
		{s, unix.SIOCSIFFLAGS, func(r *unix.Ifreq) { r.SetUint16(unix.IFF_UP) }},
	} {
		r, _ := unix.NewIfreq("tun0")
		step.value(r)
		if err := unix.IoctlIfreq(step.fd, step.req, r); err != nil {
			unix.Close(fd)
			return 0, os.NewSyscallError(fmt.Sprintf("ioctl %#x", step.req), err)
		}
	}
	return fd, nil
}

// A relay moves the packets from one device to another, and does to them what a network
// does.
type relay struct {
	mu      sync.Mutex
	dropped int
	held    []byte // goes behind the next packet
}

// kept returns how many packets have not gone on.
func (r *relay) kept() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held != nil {
		return r.dropped + 1
	}
	return r.dropped
}

// run moves packets until from is closed. It drops one of drop packets, and swaps one of swap
// with the next; 0 means none.
func (r *relay) run(from, to *os.File, drop, swap int) {
	random := rand.New(rand.NewPCG(1, 2))
	p := make([]byte, 70_000)
	for {
		n, err := from.Read(p)
		if err != nil {
			return
		}
		if n < 20 || p[0]>>4 != 4 || p[9] != syscall.IPPROTO_UDP {
			continue // the kernel's own, of IPv6
		}
		for _, packet := range r.pass(p[:n], drop > 0 && random.IntN(drop) == 0, swap > 0 && random.IntN(swap) == 0) {
			to.Write(packet)
		}
	}
}

// pass returns what goes on when p comes.
func (r *relay) pass(p []byte, drop, swap bool) [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	held := r.held
	switch {
	case drop:
		r.dropped++
		return nil
	case held != nil:
		r.held = nil
		return [][]byte{p, held}
	case swap:
		r.held = append([]byte(nil), p...)
		return nil
	}
	return [][]byte{p}
}

// numbered returns count messages to a peer whose datagrams are numbered from 0 on, and how
// many datagrams they are. Some are cut by the kernel.
func numbered(to netip.AddrPort, count, size int) (ms []UDPMessage, datagrams int) {
	for i := range count {
		m := UDPMessage{Addr: to}
		n := 1
		if i%3 != 0 {
			n, m.SegmentSize = 2+i%9, size
		}
		for range n {
			d := make([]byte, size)
			binary.BigEndian.PutUint32(d, uint32(datagrams))
			m.Buffer = append(m.Buffer, d...)
			datagrams++
		}
		ms = append(ms, m)
	}
	return ms, datagrams
}

// deliver sends numbered messages in batches, and returns how often each datagram came, once
// all have come but those that the network kept. No more are under way than the receiver's
// buffer holds.
func deliver(t *testing.T, from, to *UDPConn, at netip.AddrPort, size int, kept func() int) []int {
	t.Helper()
	ms, all := numbered(at, 300, size)
	seen := make([]int, all)
	var got atomic.Int32
	sent := make(chan error, 1)
	go func() {
		const window = 50
		limit := time.Now().Add(10 * time.Second)
		for out := 0; len(ms) > 0; {
			if out-int(got.Load())-kept() > window && time.Now().Before(limit) {
				time.Sleep(50 * time.Microsecond)
				continue
			}
			batch := ms[:min(len(ms), 10)]
			n, err := from.WriteUDPBatch(batch)
			if err != nil {
				sent <- fmt.Errorf("WriteUDPBatch = %d, %w", n, err)
				return
			}
			for _, m := range batch {
				out += len(m.Buffer) / size
			}
			ms = ms[n:]
		}
		sent <- nil
	}()
	for int(got.Load())+kept() < all {
		in := room(32, 65535, 0)
		n, err := to.ReadUDPBatch(in)
		if err != nil {
			t.Fatalf("ReadUDPBatch after %d of %d datagrams, of which the network kept %d: %v", got.Load(), all, kept(), err)
		}
		for _, m := range in[:n] {
			for _, d := range apart(m) {
				if len(d) != size {
					t.Fatalf("a datagram of %d bytes came, want %d", len(d), size)
				}
				seen[binary.BigEndian.Uint32(d)]++
				got.Add(1)
			}
		}
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	wantNothingMore(t, to)
	return seen
}

// nothing is what a network keeps that loses nothing.
func nothing() int { return 0 }

func wantOnce(t *testing.T, seen []int) {
	t.Helper()
	for i, n := range seen {
		if n != 1 {
			t.Fatalf("datagram %d of %d came %d times, want once", i, len(seen), n)
		}
	}
}

func TestUDPBatchOverNarrowDevice(t *testing.T) {
	for _, size := range []int{1200, 1400} { // below and above the MTU
		for _, offload := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d bytes, receive offload %t", size, offload), func(t *testing.T) {
				a, b := newNamespace(t), newNamespace(t)
				veth(t, a, b, "v", 1280, "10.77.0.1", "10.77.0.2")
				from, _ := a.listen(t, "10.77.0.1:0")
				to, at := b.listen(t, "10.77.0.2:0")
				if err := to.SetReceiveOffload(offload); err != nil {
					t.Skip(err)
				}
				wantOnce(t, deliver(t, from, to, at, size, nothing))
				if refused.has(at.Addr(), time.Now()) {
					t.Error("the destination counts as one that is refused, want that of EIO alone")
				}
			})
		}
	}
}

// The narrow device is behind a router, which the sender learns from an ICMP message.
func TestUDPBatchOverNarrowPath(t *testing.T) {
	a, router, b := newNamespace(t), newNamespace(t), newNamespace(t)
	veth(t, a, router, "v", 1500, "10.77.0.1", "10.77.0.2")
	veth(t, router, b, "w", 1280, "10.78.0.1", "10.78.0.2")
	a.ip(t, "route add 10.78.0.0/24 via 10.77.0.2")
	b.ip(t, "route add 10.77.0.0/24 via 10.78.0.1")
	var err error
	router.in(func() { err = os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0) })
	if err != nil {
		t.Skipf("not permitted: forwarding: %v", err)
	}
	from, _ := a.listen(t, "10.77.0.1:0")
	to, at := b.listen(t, "10.78.0.2:0")

	// The first datagram that is too long gets lost, and the route is known then.
	var connected *UDPConn
	a.in(func() { connected, err = DialUDP("udp4", nil, UDPAddrFromAddrPort(at)) })
	if err != nil {
		t.Fatal(err)
	}
	defer connected.Close()
	connected.Write(make([]byte, 1400))
	if !settles(func() bool {
		mtu, err := connected.fd.pfd.GetsockoptInt(unix.SOL_IP, unix.IP_MTU)
		return err == nil && mtu == 1280
	}) {
		t.Fatal("the sender has not learned the MTU of the path")
	}
	for _, size := range []int{1200, 1400} {
		wantOnce(t, deliver(t, from, to, at, size, nothing))
	}
}

// A device that makes no checksums: before Linux 6.11 the kernel refuses to cut packets for it.
// It loses some and mixes up the order.
func TestUDPBatchOverTunnels(t *testing.T) {
	for _, tt := range []struct {
		name       string
		drop, swap int
	}{{"whole", 0, 0}, {"reordering", 0, 5}, {"losing and reordering", 10, 5}} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := newNamespace(t), newNamespace(t)
			tunA, tunB := a.tunnel(t, 1280, "10.77.0.1"), b.tunnel(t, 1280, "10.77.0.2")
			from, _ := a.listen(t, "10.77.0.1:0")
			to, at := b.listen(t, "10.77.0.2:0")
			// What goes out of one device to the other's address comes in at the other.
			var r, back relay
			var wg sync.WaitGroup
			wg.Go(func() { r.run(tunA, tunB, tt.drop, tt.swap) })
			wg.Go(func() { back.run(tunB, tunA, 0, 0) })
			defer wg.Wait()
			defer tunB.Close()
			defer tunA.Close()

			seen := deliver(t, from, to, at, 1200, r.kept)
			missing := 0
			for i, n := range seen {
				if n > 1 {
					t.Errorf("datagram %d came %d times, want once", i, n)
				}
				if n == 0 {
					missing++
				}
			}
			if missing != r.kept() {
				t.Errorf("%d datagrams are missing, and the network kept %d", missing, r.kept())
			}
		})
	}
}
