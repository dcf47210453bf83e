//go:build linux

package datagrams

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"go.parity/net2"
)

// answer parses a query and returns the packed answer, in the memory of room if it fits.
func answer(query, room []byte) ([]byte, error) {
	var m dns.Msg
	if err := m.Unpack(query); err != nil {
		return nil, err
	}
	m.Response, m.Authoritative = true, true
	m.Answer = []dns.RR{&dns.A{
		Hdr: dns.RR_Header{Name: m.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60},
		A:   net.IPv4(192, 0, 2, 1),
	}}
	return m.PackBuffer(room)
}

// serveNet answers one query after the other, as a server on package net does.
func serveNet(c *net.UDPConn) error {
	query, room := make([]byte, 512), make([]byte, 512)
	for {
		n, from, err := c.ReadFromUDPAddrPort(query)
		if err != nil {
			return err
		}
		if p, err := answer(query[:n], room); err == nil {
			c.WriteToUDPAddrPort(p, from)
		}
	}
}

const dnsBatch = 32

// serveNet2 answers all queries that are there, and then sends the answers.
func serveNet2(c *net2.UDPConn) error {
	in, out := make([]net2.UDPMessage, dnsBatch), make([]net2.UDPMessage, dnsBatch)
	rooms := make([][]byte, dnsBatch)
	for i := range in {
		in[i].Buffer, rooms[i] = make([]byte, 512), make([]byte, 512)
	}
	for {
		n, err := c.ReadUDPBatch(in)
		if err != nil {
			return err
		}
		answers := out[:0]
		for i := range in[:n] {
			if p, err := answer(in[i].Buffer, rooms[i]); err == nil {
				answers = append(answers, net2.UDPMessage{Buffer: p, Addr: in[i].Addr})
			}
			in[i].Buffer = in[i].Buffer[:cap(in[i].Buffer)]
		}
		for len(answers) > 0 {
			n, err := c.WriteUDPBatch(answers)
			if err != nil {
				n++ // that one is lost
			}
			answers = answers[n:]
		}
	}
}

// A dnsServer is one of the two.
type dnsServer struct {
	name  string
	at    netip.AddrPort
	close func() error
	serve func() error
}

func dnsServers(tb testing.TB) []dnsServer {
	tb.Helper()
	loopback := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}
	std, err := net.ListenUDP("udp4", loopback)
	if err != nil {
		tb.Fatal(err)
	}
	own, err := net2.ListenUDP("udp4", loopback)
	if err != nil {
		tb.Fatal(err)
	}
	servers := []dnsServer{
		{"net", std.LocalAddr().(*net.UDPAddr).AddrPort(), std.Close, func() error { return serveNet(std) }},
		{"net2", own.LocalAddr().(*net.UDPAddr).AddrPort(), own.Close, func() error { return serveNet2(own) }},
	}
	for _, s := range servers {
		var group sync.WaitGroup
		group.Go(func() {
			if err := s.serve(); !errors.Is(err, net.ErrClosed) {
				tb.Errorf("server on %s: %v, want it to be closed", s.name, err)
			}
		})
		tb.Cleanup(func() { s.close(); group.Wait() })
	}
	return servers
}

func dnsQuery(tb testing.TB, id uint16) []byte {
	tb.Helper()
	var m dns.Msg
	m.SetQuestion("www.example.org.", dns.TypeA)
	m.Id = id
	p, err := m.Pack()
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func TestDNSServersAnswerClients(t *testing.T) {
	for _, s := range dnsServers(t) {
		t.Run(s.name, func(t *testing.T) {
			var m dns.Msg
			m.SetQuestion("www.example.org.", dns.TypeA)
			got, err := dns.Exchange(&m, s.at.String())
			if err != nil || len(got.Answer) != 1 || got.Answer[0].(*dns.A).A.String() != "192.0.2.1" {
				t.Errorf("Exchange = %v, %v, want 192.0.2.1", got, err)
			}
		})
	}
}

// BenchmarkDNS keeps 64 queries under way. The client is the same for both servers, and shares
// the processors with them.
func BenchmarkDNS(b *testing.B) {
	client, err := net2.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	var sides []side
	for _, s := range dnsServers(b) {
		sides = append(sides, side{s.name, func(b *testing.B) int { return queries(b, client, s.at, 10_000) }})
	}
	compare(b, "answer", sides)
}

// queries sends queries until so many answers have come. If none come for a while, it sends
// new ones. The kernel cuts the queries, which are equally long, out of one packet: a client
// should cost little beside the server.
func queries(b *testing.B, client *net2.UDPConn, at netip.AddrPort, want int) (answers int) {
	const window = 64
	size := len(dnsQuery(b, 0))
	var all []byte
	in := make([]net2.UDPMessage, window)
	for i := range in {
		all = append(all, dnsQuery(b, uint16(i))...)
		in[i].Buffer = make([]byte, 512)
	}
	for n := window; answers < want; {
		if _, err := client.WriteUDPBatch([]net2.UDPMessage{{Buffer: all[:n*size], SegmentSize: size, Addr: at}}); err != nil {
			b.Fatal(err)
		}
		client.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		k, err := client.ReadUDPBatch(in)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			n = window
			continue
		case err != nil:
			b.Fatal(err)
		}
		for i := range in[:k] {
			if in[i].Addr == at {
				answers++
			}
			in[i].Buffer = in[i].Buffer[:cap(in[i].Buffer)]
		}
		n = k
	}
	return answers
}
