package nettest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/bpf"
	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"go.parity/conformance"
	"go.parity/conformance/descriptors"
	"go.parity/conformance/host"
	"go.parity/conformance/settle"
	"go.parity/conformance/stack"
)

// A use is something that golang.org/x/net does with a connection. It runs on
// both stacks and notes what it sees.
type use struct {
	name string
	run  func(s *stack.Stack, n *notes) error

	// limit, if there is one, says what x/net refuses to every connection whose
	// type is not one of package net's. No other package can change that.
	limit string
}

var uses = []use{
	{name: "ipv4.Conn/options", run: conn4},
	{name: "ipv6.Conn/options", run: conn6},
	{name: "ipv4.PacketConn/options", run: packetOptions4},
	{name: "ipv6.PacketConn/options", run: packetOptions6},
	{name: "ipv4.PacketConn/batch", run: batch4},
	{name: "ipv6.PacketConn/batch", run: batch6},
	{name: "ipv4.PacketConn/batch-connected", run: batchConnected},
	{name: "ipv4.PacketConn/batch-deadline", run: batchDeadline},
	{name: "ipv4.PacketConn/batch-close", run: batchClose},
	{name: "ipv4.PacketConn/multicast", run: multicast4},
	{name: "ipv6.PacketConn/multicast", run: multicast6},
	{name: "ipv4.PacketConn/filter", run: filter4},
	{name: "ipv4.PacketConn/icmp", run: icmp4},
	{name: "ipv6.PacketConn/icmp", run: icmp6},
	{name: "ipv4.PacketConn/write-to", run: writeTo4},
	{name: "ipv4.PacketConn/read-from", run: readFrom4, limit: "ipv4 looks for *net.UDPConn in ReadFrom; ReadBatch with one message does the same"},
	{name: "ipv6.PacketConn/read-from", run: readFrom6, limit: "ipv6 looks for *net.UDPConn in ReadFrom; ReadBatch with one message does the same"},
	{name: "ipv4.RawConn/new", run: rawConn4, limit: "ipv4.NewRawConn takes only a *net.IPConn, and panics on every other net.PacketConn"},
}

// A use returns errForeign when x/net refused a type that is not net's.
var errForeign = errors.New("not of package net")

func useAll(ctx context.Context, match func(string) bool, report func(conformance.Check)) error {
	warmed := false
	for _, u := range uses {
		if !match(u.name) {
			continue
		}
		if !warmed {
			warmUp()
			warmed = true
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		start := time.Now()
		var c conformance.Check
		if lack := host.Lacking(host.Proc, host.Loopback); lack != nil {
			c = conformance.NotPossible(u.name, lack)
		} else {
			c = u.compare()
		}
		c.Elapsed = time.Since(start)
		report(c)
	}
	return nil
}

func (u use) compare() conformance.Check {
	c := conformance.Check{Name: u.name}
	want, wantErr := u.try(std)
	got, gotErr := u.try(own)
	lack := host.Explain(strings.Join(want, "\n"))
	if gotErr != nil && lack == nil {
		lack = short(gotErr.Error())
	}
	switch {
	case wantErr != nil:
		return conformance.NotPossible(u.name, host.Blame(wantErr.Error()))
	case lack != nil:
		return conformance.NotPossible(u.name, lack)
	case u.limit != "" && errors.Is(gotErr, errForeign):
		c.Status, c.Detail = conformance.Missing, u.limit
	case gotErr != nil:
		c.Status, c.Detail = conformance.Differs, "net gets through, net2 does not: "+gotErr.Error()
	default:
		c.Status = conformance.Same
		if diff := cmp.Diff(want, got); diff != "" {
			c.Status, c.Detail = conformance.Differs, "-net +net2\n"+diff
		}
	}
	return c
}

// try runs a use on one stack and notes how many descriptors it leaves open.
func (u use) try(s *stack.Stack) (seen []string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	n := new(notes)
	before := descriptors.Count()
	err = u.run(s, n)
	left := 0
	settle.Within(5*time.Second, func() bool { left = descriptors.Count() - before; return left <= 0 })
	if left > 0 {
		n.add("descriptors left", left)
	}
	return n.seen, err
}

// notes holds what a use saw, one thing per line.
type notes struct{ seen []string }

func (n *notes) add(what string, values ...any) {
	for i, v := range values {
		if err, ok := v.(error); ok {
			values[i] = class(err)
		}
	}
	n.seen = append(n.seen, what+": "+strings.TrimSuffix(fmt.Sprintln(values...), "\n"))
}

// class is an error's chain of types with the errno or the text at its end.
func class(err error) string {
	var types []string
	text := err.Error()
	for e := err; e != nil; e = errors.Unwrap(e) {
		types = append(types, fmt.Sprintf("%T", e))
		text = e.Error()
		if errno, ok := e.(syscall.Errno); ok {
			text = fmt.Sprint(int(errno), " ", errno)
		}
	}
	var ne net.Error
	return fmt.Sprintf("%s %q timeout %v", strings.Join(types, " > "), text, errors.As(err, &ne) && ne.Timeout())
}

// stream returns a TCP connection of s and the end that it accepted.
func stream(s *stack.Stack, network, address string) (dialed, accepted net.Conn, err error) {
	ln, err := s.Listen(network, address)
	if err != nil {
		return nil, nil, err
	}
	defer ln.Close()
	if dialed, err = s.Dial(network, ln.Addr().String()); err != nil {
		return nil, nil, err
	}
	if accepted, err = ln.Accept(); err != nil {
		dialed.Close()
		return nil, nil, err
	}
	return dialed, accepted, nil
}

func conn4(s *stack.Stack, n *notes) error {
	dialed, accepted, err := stream(s, "tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer accepted.Close()
	defer dialed.Close()
	for _, c := range []net.Conn{dialed, accepted} {
		p := ipv4.NewConn(c)
		n.add("SetTOS", p.SetTOS(0x28))
		tos, err := p.TOS()
		n.add("TOS", tos, err)
		n.add("SetTTL", p.SetTTL(33))
		ttl, err := p.TTL()
		n.add("TTL", ttl, err)
		c.Close()
		n.add("SetTOS after Close", p.SetTOS(0))
		_, err = p.TTL()
		n.add("TTL after Close", err)
	}
	return nil
}

func conn6(s *stack.Stack, n *notes) error {
	dialed, accepted, err := stream(s, "tcp6", "[::1]:0")
	if err != nil {
		return err
	}
	defer accepted.Close()
	defer dialed.Close()
	for _, c := range []net.Conn{dialed, accepted} {
		p := ipv6.NewConn(c)
		n.add("SetTrafficClass", p.SetTrafficClass(0x28))
		class, err := p.TrafficClass()
		n.add("TrafficClass", class, err)
		n.add("SetHopLimit", p.SetHopLimit(33))
		hops, err := p.HopLimit()
		n.add("HopLimit", hops, err)
		mtu, err := p.PathMTU()
		n.add("PathMTU", mtu, err)
		c.Close()
		n.add("SetHopLimit after Close", p.SetHopLimit(0))
	}
	return nil
}

func packetOptions4(s *stack.Stack, n *notes) error {
	c, err := s.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer c.Close()
	p := ipv4.NewPacketConn(c)
	n.add("SetTOS", p.SetTOS(0x28))
	tos, err := p.TOS()
	n.add("TOS", tos, err)
	n.add("SetTTL", p.SetTTL(33))
	ttl, err := p.TTL()
	n.add("TTL", ttl, err)
	n.add("SetMulticastTTL", p.SetMulticastTTL(7))
	ttl, err = p.MulticastTTL()
	n.add("MulticastTTL", ttl, err)
	n.add("SetMulticastLoopback", p.SetMulticastLoopback(true))
	loop, err := p.MulticastLoopback()
	n.add("MulticastLoopback", loop, err)
	n.add("SetControlMessage", p.SetControlMessage(ipv4.FlagTTL|ipv4.FlagDst|ipv4.FlagInterface, true))
	n.add("SetDeadline", p.SetDeadline(time.Time{}))
	n.add("Close", p.Close())
	n.add("SetTTL after Close", p.SetTTL(1))
	n.add("SetControlMessage after Close", p.SetControlMessage(ipv4.FlagTTL, true))
	n.add("SetDeadline after Close", p.SetDeadline(time.Time{}))
	return nil
}

func packetOptions6(s *stack.Stack, n *notes) error {
	c, err := s.ListenPacket("udp6", "[::1]:0")
	if err != nil {
		return err
	}
	defer c.Close()
	p := ipv6.NewPacketConn(c)
	n.add("SetTrafficClass", p.SetTrafficClass(0x28))
	class, err := p.TrafficClass()
	n.add("TrafficClass", class, err)
	n.add("SetHopLimit", p.SetHopLimit(33))
	hops, err := p.HopLimit()
	n.add("HopLimit", hops, err)
	n.add("SetMulticastHopLimit", p.SetMulticastHopLimit(7))
	hops, err = p.MulticastHopLimit()
	n.add("MulticastHopLimit", hops, err)
	n.add("SetControlMessage", p.SetControlMessage(ipv6.FlagHopLimit|ipv6.FlagDst|ipv6.FlagInterface, true))
	_, _, err = p.Checksum()
	n.add("Checksum", err)
	n.add("Close", p.Close())
	n.add("SetHopLimit after Close", p.SetHopLimit(1))
	return nil
}

// patience bounds each wait for a datagram that is on its way.
const patience = 5 * time.Second

func text(i, n int) []byte {
	b := make([]byte, n)
	for j := range b {
		b[j] = byte(i + j)
	}
	return b
}

// sizes of the datagrams of a batch.
var sizes = []int{0, 1, 100, 1200, 9000, 3, 64, 512}

// twoPackets returns two packet connections of s.
func twoPackets(s *stack.Stack, network, address string) (from, to net.PacketConn, err error) {
	if from, err = s.ListenPacket(network, address); err != nil {
		return nil, nil, err
	}
	if to, err = s.ListenPacket(network, address); err != nil {
		from.Close()
		return nil, nil, err
	}
	to.SetReadDeadline(time.Now().Add(patience))
	return from, to, nil
}

// A batch is what ipv4 and ipv6 have in common here: their messages have the
// same type.
type batch interface {
	ReadBatch([]ipv4.Message, int) (int, error)
	WriteBatch([]ipv4.Message, int) (int, error)
}

// batches sends all sizes in one call, each datagram in two pieces, and reads
// them in as many calls as it takes. parse describes a control message.
func batches(n *notes, from, to batch, src, dst net.Addr, parse func([]byte) string) error {
	var out []ipv4.Message
	for i, size := range sizes {
		b := text(i, size)
		out = append(out, ipv4.Message{Buffers: [][]byte{b[:size/2], b[size/2:]}, Addr: dst})
	}
	for len(out) > 0 {
		sent, err := from.WriteBatch(out, 0)
		if err != nil {
			return err
		}
		for _, m := range out[:sent] {
			n.add("sent", m.N)
		}
		out = out[sent:]
	}
	for got := 0; got < len(sizes); {
		in := make([]ipv4.Message, len(sizes))
		for i := range in {
			// The longest does not fit, and the flags say that it was cut.
			in[i] = ipv4.Message{Buffers: [][]byte{make([]byte, 10), make([]byte, 4000)}, OOB: make([]byte, 256)}
		}
		k, err := to.ReadBatch(in, 0)
		if err != nil {
			return err
		}
		for _, m := range in[:k] {
			body := append(append([]byte(nil), m.Buffers[0]...), m.Buffers[1]...)[:m.N]
			n.add("received", m.N, m.Flags, string(body) == string(text(got, m.N)), fmt.Sprintf("%T", m.Addr),
				m.Addr.String() == src.String(), parse(m.OOB[:m.NN]))
			got++
		}
	}
	return nil
}

func batch4(s *stack.Stack, n *notes) error {
	from, to, err := twoPackets(s, "udp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer from.Close()
	defer to.Close()
	p := ipv4.NewPacketConn(to)
	if err := p.SetControlMessage(ipv4.FlagTTL|ipv4.FlagDst|ipv4.FlagInterface, true); err != nil {
		return err
	}
	return batches(n, ipv4.NewPacketConn(from), p, from.LocalAddr(), to.LocalAddr(), func(oob []byte) string {
		var cm ipv4.ControlMessage
		err := cm.Parse(oob)
		return fmt.Sprint(cm.String(), err)
	})
}

func batch6(s *stack.Stack, n *notes) error {
	from, to, err := twoPackets(s, "udp6", "[::1]:0")
	if err != nil {
		return err
	}
	defer from.Close()
	defer to.Close()
	p := ipv6.NewPacketConn(to)
	if err := p.SetControlMessage(ipv6.FlagHopLimit|ipv6.FlagDst|ipv6.FlagInterface, true); err != nil {
		return err
	}
	return batches(n, ipv6.NewPacketConn(from), p, from.LocalAddr(), to.LocalAddr(), func(oob []byte) string {
		var cm ipv6.ControlMessage
		err := cm.Parse(oob)
		return fmt.Sprint(cm.String(), err)
	})
}

func batchConnected(s *stack.Stack, n *notes) error {
	to, err := s.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer to.Close()
	to.SetReadDeadline(time.Now().Add(patience))
	from, err := s.Dial("udp4", to.LocalAddr().String())
	if err != nil {
		return err
	}
	defer from.Close()
	sender := ipv4.NewPacketConn(from.(net.PacketConn))
	err = batches(n, sender, ipv4.NewPacketConn(to), from.LocalAddr(), nil, func(oob []byte) string {
		return fmt.Sprint(len(oob))
	})
	if err != nil {
		return err
	}
	// A datagram that nobody wants comes back as an error.
	to.Close()
	one := []ipv4.Message{{Buffers: [][]byte{{1}}}}
	if _, err := sender.WriteBatch(one, 0); err != nil {
		n.add("write to nobody", err)
	}
	from.SetReadDeadline(time.Now().Add(patience))
	_, err = sender.ReadBatch(one, 0)
	n.add("read from nobody", err)
	return nil
}

func batchDeadline(s *stack.Stack, n *notes) error {
	c, err := s.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer c.Close()
	p := ipv4.NewPacketConn(c)
	in := []ipv4.Message{{Buffers: [][]byte{make([]byte, 10)}}}
	for _, wait := range []time.Duration{-time.Second, 20 * time.Millisecond} {
		p.SetReadDeadline(time.Now().Add(wait))
		k, err := p.ReadBatch(in, 0)
		n.add("deadline in "+wait.String(), k, err, errors.Is(err, os.ErrDeadlineExceeded))
	}
	p.SetReadDeadline(time.Time{})
	out := []ipv4.Message{{Buffers: [][]byte{{1}}, Addr: c.LocalAddr()}}
	p.SetWriteDeadline(time.Now().Add(-time.Second))
	k, err := p.WriteBatch(out, 0)
	n.add("write deadline", k, err)
	p.SetWriteDeadline(time.Time{})
	k, err = p.WriteBatch(out, 0)
	n.add("write", k, err)
	p.SetReadDeadline(time.Now().Add(patience))
	k, err = p.ReadBatch(in, 0)
	n.add("read", k, err)
	return nil
}

func batchClose(s *stack.Stack, n *notes) error {
	c, err := s.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer c.Close()
	p := ipv4.NewPacketConn(c)
	in := []ipv4.Message{{Buffers: [][]byte{make([]byte, 10)}}}
	ended := make(chan error)
	go func() {
		_, err := p.ReadBatch(in, 0)
		ended <- err
	}()
	// The answer is the same whether the reader is already waiting or not.
	c.Close()
	n.add("read while closing", errors.Is(<-ended, net.ErrClosed))
	_, err = p.ReadBatch(in, 0)
	n.add("read after close", err, errors.Is(err, net.ErrClosed))
	_, err = p.WriteBatch(in, 0)
	n.add("write after close", err, errors.Is(err, net.ErrClosed))
	return nil
}

func multicast4(s *stack.Stack, n *notes) error {
	lo, err := host.LoopbackInterface()
	if err != nil {
		return err
	}
	c, err := s.ListenPacket("udp4", "224.0.0.0:0") // only a group's address reuses the port
	if err != nil {
		return err
	}
	defer c.Close()
	p := ipv4.NewPacketConn(c)
	group := &net.UDPAddr{IP: net.IPv4(224, 0, 0, 254)}
	if err := p.JoinGroup(lo, group); err != nil {
		return err
	}
	n.add("join again", p.JoinGroup(lo, group))
	n.add("SetMulticastInterface", p.SetMulticastInterface(lo))
	ifi, err := p.MulticastInterface()
	n.add("MulticastInterface", ifi != nil && ifi.Index == lo.Index, err)
	n.add("SetMulticastLoopback", p.SetMulticastLoopback(true))
	n.add("SetMulticastTTL", p.SetMulticastTTL(1))
	n.add("SetControlMessage", p.SetControlMessage(ipv4.FlagDst|ipv4.FlagInterface, true))
	n.add("leave", p.LeaveGroup(lo, group))
	n.add("leave again", p.LeaveGroup(lo, group))
	source := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}
	specific := &net.UDPAddr{IP: net.IPv4(232, 0, 1, 254)}
	n.add("join source", p.JoinSourceSpecificGroup(lo, specific, source))
	n.add("leave source", p.LeaveSourceSpecificGroup(lo, specific, source))

	// A datagram to the group arrives at a socket that has joined the group.
	in, err := s.ListenPacket("udp4", "0.0.0.0:0")
	if err != nil {
		return err
	}
	defer in.Close()
	q := ipv4.NewPacketConn(in)
	if err := q.JoinGroup(lo, group); err != nil {
		return err
	}
	if err := q.SetControlMessage(ipv4.FlagDst, true); err != nil {
		return err
	}
	to := &net.UDPAddr{IP: group.IP, Port: in.LocalAddr().(*net.UDPAddr).Port}
	_, err = p.WriteTo([]byte("all of you"), nil, to)
	n.add("send", err)
	if err != nil {
		return nil
	}
	in.SetReadDeadline(time.Now().Add(time.Second))
	m := []ipv4.Message{{Buffers: [][]byte{make([]byte, 100)}, OOB: make([]byte, 128)}}
	if _, err = q.ReadBatch(m, 0); err != nil {
		n.add("receive", err)
		return nil
	}
	var cm ipv4.ControlMessage
	err = cm.Parse(m[0].OOB[:m[0].NN])
	n.add("receive", string(m[0].Buffers[0][:m[0].N]), cm.Dst, err)
	return nil
}

func multicast6(s *stack.Stack, n *notes) error {
	lo, err := host.LoopbackInterface()
	if err != nil {
		return err
	}
	c, err := s.ListenPacket("udp6", "[::]:0")
	if err != nil {
		return err
	}
	defer c.Close()
	p := ipv6.NewPacketConn(c)
	group := &net.UDPAddr{IP: net.ParseIP("ff02::114"), Zone: lo.Name}
	if err := p.JoinGroup(lo, group); err != nil {
		return err
	}
	n.add("SetMulticastInterface", p.SetMulticastInterface(lo))
	n.add("SetMulticastLoopback", p.SetMulticastLoopback(true))
	n.add("SetControlMessage", p.SetControlMessage(ipv6.FlagDst, true))
	group.Port = c.LocalAddr().(*net.UDPAddr).Port
	_, err = p.WriteTo([]byte("all of you"), nil, group)
	n.add("send", err)
	if err == nil {
		c.SetReadDeadline(time.Now().Add(time.Second))
		m := []ipv6.Message{{Buffers: [][]byte{make([]byte, 100)}, OOB: make([]byte, 128)}}
		if _, err = p.ReadBatch(m, 0); err != nil {
			n.add("receive", err)
		} else {
			var cm ipv6.ControlMessage
			err = cm.Parse(m[0].OOB[:m[0].NN])
			n.add("receive", string(m[0].Buffers[0][:m[0].N]), cm.Dst, err)
		}
	}
	n.add("leave", p.LeaveGroup(lo, group))
	n.add("leave again", p.LeaveGroup(lo, group))
	return nil
}

// filter4 has the kernel drop datagrams that start with a zero.
func filter4(s *stack.Stack, n *notes) error {
	from, to, err := twoPackets(s, "udp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer from.Close()
	defer to.Close()
	const header = 8 // the UDP header, which a filter sees
	filter, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: header, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0, SkipTrue: 1},
		bpf.RetConstant{Val: 1 << 16},
		bpf.RetConstant{Val: 0},
	})
	if err != nil {
		return err
	}
	n.add("SetBPF", ipv4.NewPacketConn(to).SetBPF(filter))
	for _, b := range []byte{0, 1, 0, 2} {
		if _, err := from.WriteTo([]byte{b, 7}, to.LocalAddr()); err != nil {
			return err
		}
	}
	b := make([]byte, 10)
	for range 2 {
		k, _, err := to.ReadFrom(b)
		n.add("passed", b[:k], err)
	}
	return nil
}

// icmp4 has the kernel answer an echo over a raw socket.
func icmp4(s *stack.Stack, n *notes) error {
	c, err := s.ListenPacket("ip4:icmp", "127.0.0.1")
	if err != nil {
		return err
	}
	defer c.Close()
	p := ipv4.NewPacketConn(c)
	var filter ipv4.ICMPFilter
	filter.SetAll(true)
	filter.Accept(ipv4.ICMPTypeEchoReply)
	n.add("SetICMPFilter", p.SetICMPFilter(&filter))
	n.add("SetControlMessage", p.SetControlMessage(ipv4.FlagTTL|ipv4.FlagDst, true))
	return ping(n, p, c, ipv4.ICMPTypeEcho, ipv4.ICMPTypeEchoReply, 1, &net.IPAddr{IP: net.IPv4(127, 0, 0, 1)}, func(b []byte) []byte {
		return b[int(b[0]&0xf)<<2:] // past the IPv4 header
	})
}

func icmp6(s *stack.Stack, n *notes) error {
	c, err := s.ListenPacket("ip6:ipv6-icmp", "::1")
	if err != nil {
		return err
	}
	defer c.Close()
	p := ipv6.NewPacketConn(c)
	var filter ipv6.ICMPFilter
	filter.SetAll(true)
	filter.Accept(ipv6.ICMPTypeEchoReply)
	n.add("SetICMPFilter", p.SetICMPFilter(&filter))
	on, offset, err := p.Checksum()
	n.add("Checksum", on, offset, err)
	return ping(n, p, c, ipv6.ICMPTypeEchoRequest, ipv6.ICMPTypeEchoReply, 58, &net.IPAddr{IP: net.IPv6loopback}, func(b []byte) []byte { return b })
}

func ping(n *notes, p batch, c net.PacketConn, request, reply icmp.Type, proto int, to net.Addr, body func([]byte) []byte) error {
	id := os.Getpid() & 0xffff
	b, err := (&icmp.Message{Type: request, Body: &icmp.Echo{ID: id, Seq: 1, Data: []byte("are you there")}}).Marshal(nil)
	if err != nil {
		return err
	}
	if _, err := p.WriteBatch([]ipv4.Message{{Buffers: [][]byte{b}, Addr: to}}, 0); err != nil {
		return err
	}
	c.SetReadDeadline(time.Now().Add(patience))
	for {
		in := []ipv4.Message{{Buffers: [][]byte{make([]byte, 1500)}, OOB: make([]byte, 128)}}
		if _, err := p.ReadBatch(in, 0); err != nil {
			return err
		}
		m, err := icmp.ParseMessage(proto, body(in[0].Buffers[0][:in[0].N]))
		if err != nil {
			return err
		}
		if echo, ok := m.Body.(*icmp.Echo); ok && m.Type == reply && echo.ID == id {
			n.add("reply", m.Code, echo.Seq, string(echo.Data), fmt.Sprintf("%T %v", in[0].Addr, in[0].Addr))
			return nil
		}
	}
}

func writeTo4(s *stack.Stack, n *notes) error {
	from, to, err := twoPackets(s, "udp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer from.Close()
	defer to.Close()
	k, err := ipv4.NewPacketConn(from).WriteTo([]byte("hello"), &ipv4.ControlMessage{Src: net.IPv4(127, 0, 0, 1)}, to.LocalAddr())
	n.add("WriteTo", k, err)
	b := make([]byte, 10)
	k, addr, err := to.ReadFrom(b)
	n.add("received", string(b[:k]), addr.String() == from.LocalAddr().String(), err)
	k, err = ipv4.NewPacketConn(from).WriteTo(make([]byte, 1<<16), nil, to.LocalAddr())
	n.add("too long", k, err)
	from.Close()
	_, err = ipv4.NewPacketConn(from).WriteTo([]byte("x"), nil, to.LocalAddr())
	n.add("after Close", err != nil)
	return nil
}

func readFrom4(s *stack.Stack, n *notes) error {
	from, to, err := twoPackets(s, "udp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer from.Close()
	defer to.Close()
	if _, err := from.WriteTo([]byte("hello"), to.LocalAddr()); err != nil {
		return err
	}
	b := make([]byte, 10)
	k, _, addr, err := ipv4.NewPacketConn(to).ReadFrom(b)
	return readFrom(n, b[:k], addr, err)
}

func readFrom6(s *stack.Stack, n *notes) error {
	from, to, err := twoPackets(s, "udp6", "[::1]:0")
	if err != nil {
		return err
	}
	defer from.Close()
	defer to.Close()
	if _, err := from.WriteTo([]byte("hello"), to.LocalAddr()); err != nil {
		return err
	}
	b := make([]byte, 10)
	k, _, addr, err := ipv6.NewPacketConn(to).ReadFrom(b)
	return readFrom(n, b[:k], addr, err)
}

func readFrom(n *notes, b []byte, addr net.Addr, err error) error {
	if err != nil && strings.Contains(err.Error(), "invalid conn type") {
		return errForeign
	}
	n.add("ReadFrom", string(b), fmt.Sprintf("%T", addr), err)
	return err
}

func rawConn4(s *stack.Stack, n *notes) (err error) {
	c, err := s.ListenPacket("ip4:253", "127.0.0.1")
	if err != nil {
		return err
	}
	defer c.Close()
	if _, ok := c.(*net.IPConn); !ok {
		defer func() {
			if recover() != nil {
				err = errForeign
			}
		}()
	}
	r, err := ipv4.NewRawConn(c)
	if err != nil {
		return err
	}
	n.add("new", r != nil)
	return nil
}
