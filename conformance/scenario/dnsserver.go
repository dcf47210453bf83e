//go:build linux

package scenario

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"strings"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

// A nameServer answers questions about the names of example., over UDP and
// TCP on one port of the loopback interface, with the stack's own sockets.
//
// The first label of a name may ask for something other than a plain answer:
//
//	tc-      cut over UDP, whole over TCP
//	tccut-   cut over UDP; over TCP a length, followed by too few bytes
//	noise-   garbage and the answers to other questions before the answer
//	flaky-   a failure of the server, then the answer
//	servfail-, refused-, lame-, empty-, silent-, garbage-
type nameServer struct {
	t       *T
	address string
	wg      sync.WaitGroup

	mu      sync.Mutex
	asked   []string       // transport, type and name of each question
	flaky   map[string]int // how often each flaky name was asked for
	clients []net.Conn     // of the resolvers
	closed  bool
	hearing chan struct{} // a token for each silent question
}

// nameServer starts a server.
func (t *T) nameServer() *nameServer {
	s := &nameServer{t: t, flaky: make(map[string]int), hearing: make(chan struct{}, 100)}
	var udp net.PacketConn
	var tcp net.Listener
	for tcp == nil {
		var err error
		udp, err = t.ListenPacket("udp", "127.0.0.1:0")
		t.Check(err)
		if tcp, err = t.Listen("tcp", udp.LocalAddr().String()); err != nil {
			udp.Close() // another socket has the port
		}
	}
	s.address = udp.LocalAddr().String()
	s.wg.Go(func() { s.serveUDP(udp) })
	s.wg.Go(func() { s.serveTCP(tcp) })
	t.Defer(func() {
		udp.Close()
		tcp.Close()
		// A resolver goes on asking even when nobody waits for the answer any more.
		s.mu.Lock()
		s.closed = true
		for _, c := range s.clients {
			c.Close()
		}
		s.mu.Unlock()
		s.wg.Wait()
	})
	return s
}

// resolver asks the server over the stack's connections.
func (s *nameServer) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return s.dial(ctx, network)
	}}
}

// dial connects to the server.
func (s *nameServer) dial(ctx context.Context, network string) (net.Conn, error) {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return nil, net.ErrClosed
	}
	c, err := s.t.DialerDialContext(ctx, Dialer{}, network, s.address)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		c.Close()
	}
	s.clients = append(s.clients, c)
	return c, nil
}

// questions returns what was asked since the last call. It sorts the questions,
// for those for both families go out at once.
func (s *nameServer) questions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	slices.Sort(asked)
	return asked
}

func (s *nameServer) serveUDP(c net.PacketConn) {
	b := make([]byte, 1500)
	for {
		n, from, err := c.ReadFrom(b)
		if err != nil {
			return
		}
		for _, answer := range s.answer("udp", b[:n]) {
			c.WriteTo(answer, from)
		}
	}
}

func (s *nameServer) serveTCP(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.wg.Go(func() {
			defer c.Close()
			for {
				var length [2]byte
				if _, err := io.ReadFull(c, length[:]); err != nil {
					return
				}
				b := make([]byte, binary.BigEndian.Uint16(length[:]))
				if _, err := io.ReadFull(c, b); err != nil {
					return
				}
				for _, answer := range s.answer("tcp", b) {
					size := len(answer)
					if strings.Contains(string(b), "tccut-") {
						answer = answer[:size/2]
					}
					if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(size)), answer...)); err != nil || len(answer) < size {
						return
					}
				}
			}
		})
	}
}

// answer returns the messages that answer query.
func (s *nameServer) answer(transport string, query []byte) [][]byte {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	name := strings.ToLower(q.Name.String())
	s.mu.Lock()
	s.asked = append(s.asked, transport+" "+strings.TrimPrefix(q.Type.String(), "Type")+" "+name)
	how, rest, ok := strings.Cut(name, "-")
	if !ok || strings.Contains(how, ".") {
		how, rest = "", name
	}
	times := s.flaky[name+q.Type.String()]
	s.flaky[name+q.Type.String()]++
	s.mu.Unlock()

	r := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: m.ID, Response: true, RecursionDesired: m.RecursionDesired, RecursionAvailable: true, Authoritative: true},
		Questions: m.Questions,
	}
	exists := false
	for _, record := range zone {
		if record.name != rest {
			continue
		}
		exists = true
		_, alias := record.body.(*dnsmessage.CNAMEResource)
		if record.typ() == q.Type || alias {
			r.Answers = append(r.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: 60},
				Body:   record.body,
			})
		}
		if alias && q.Type != dnsmessage.TypeCNAME {
			target := record.body.(*dnsmessage.CNAMEResource).CNAME
			for _, record := range zone {
				if record.name == target.String() && record.typ() == q.Type {
					r.Answers = append(r.Answers, dnsmessage.Resource{
						Header: dnsmessage.ResourceHeader{Name: target, Class: dnsmessage.ClassINET, TTL: 60},
						Body:   record.body,
					})
				}
			}
		}
	}
	if !exists {
		r.RCode = dnsmessage.RCodeNameError
	}
	var before [][]byte
	switch how {
	case "tc", "tccut":
		if transport == "udp" {
			r.Truncated = true
			r.Answers = nil
		}
	case "noise":
		if transport == "udp" {
			other := r
			other.ID++
			wrong := r
			wrong.Questions = []dnsmessage.Question{{Name: dnsmessage.MustNewName("other.example."), Type: q.Type, Class: q.Class}}
			before = [][]byte{[]byte("garbage"), pack(other), pack(wrong), {}}
		}
	case "flaky":
		if times == 0 {
			r.RCode, r.Answers = dnsmessage.RCodeServerFailure, nil
		}
	case "servfail":
		r.RCode, r.Answers = dnsmessage.RCodeServerFailure, nil
	case "refused":
		r.RCode, r.Answers = dnsmessage.RCodeRefused, nil
	case "lame":
		r.Answers, r.Authoritative, r.RecursionAvailable, r.RCode = nil, false, false, dnsmessage.RCodeSuccess
	case "empty":
		r.Answers, r.RCode = nil, dnsmessage.RCodeSuccess
	case "silent":
		s.hearing <- struct{}{}
		return nil
	case "garbage":
		return [][]byte{append(pack(dnsmessage.Message{Header: r.Header, Questions: r.Questions})[:12], 0xff)}
	}
	return append(before, pack(r))
}

func pack(m dnsmessage.Message) []byte {
	b, err := m.Pack()
	if err != nil {
		panic("scenario: a DNS message does not pack: " + err.Error())
	}
	return b
}

// A zoneRecord is one of the server's records.
type zoneRecord struct {
	name string
	body dnsmessage.ResourceBody
}

func (r zoneRecord) typ() dnsmessage.Type {
	switch r.body.(type) {
	case *dnsmessage.AResource:
		return dnsmessage.TypeA
	case *dnsmessage.AAAAResource:
		return dnsmessage.TypeAAAA
	case *dnsmessage.CNAMEResource:
		return dnsmessage.TypeCNAME
	case *dnsmessage.MXResource:
		return dnsmessage.TypeMX
	case *dnsmessage.NSResource:
		return dnsmessage.TypeNS
	case *dnsmessage.TXTResource:
		return dnsmessage.TypeTXT
	case *dnsmessage.SRVResource:
		return dnsmessage.TypeSRV
	case *dnsmessage.PTRResource:
		return dnsmessage.TypePTR
	}
	panic("scenario: a record of no type")
}

func a(a, b, c, d byte) *dnsmessage.AResource {
	return &dnsmessage.AResource{A: [4]byte{a, b, c, d}}
}

func aaaa(ip string) *dnsmessage.AAAAResource {
	return &dnsmessage.AAAAResource{AAAA: [16]byte(net.ParseIP(ip).To16())}
}

func dnsName(s string) dnsmessage.Name { return dnsmessage.MustNewName(s) }

var zone = []zoneRecord{
	{"four.example.", a(127, 0, 0, 1)},
	{"six.example.", aaaa("::1")},
	{"both.example.", a(127, 0, 0, 1)},
	{"both.example.", aaaa("::1")},
	{"many.example.", a(127, 0, 0, 21)},
	{"many.example.", a(127, 0, 0, 22)},
	{"many.example.", a(127, 0, 0, 23)},
	{"alias.example.", &dnsmessage.CNAMEResource{CNAME: dnsName("both.example.")}},
	{"dangling.example.", &dnsmessage.CNAMEResource{CNAME: dnsName("nowhere.example.")}},
	{"mail.example.", &dnsmessage.MXResource{Pref: 20, MX: dnsName("second.example.")}},
	{"mail.example.", &dnsmessage.MXResource{Pref: 10, MX: dnsName("first.example.")}},
	{"mail.example.", &dnsmessage.MXResource{Pref: 30, MX: dnsName("192.0.2.1.")}},
	{"badmail.example.", &dnsmessage.MXResource{Pref: 10, MX: dnsName("good.example.")}},
	{"badmail.example.", &dnsmessage.MXResource{Pref: 20, MX: dnsName("no good.example.")}},
	{"names.example.", &dnsmessage.NSResource{NS: dnsName("ns1.example.")}},
	{"names.example.", &dnsmessage.NSResource{NS: dnsName("ns2.example.")}},
	{"badnames.example.", &dnsmessage.NSResource{NS: dnsName("<bad>.example.")}},
	{"text.example.", &dnsmessage.TXTResource{TXT: []string{"one", "two"}}},
	{"text.example.", &dnsmessage.TXTResource{TXT: []string{"v=three"}}},
	{"_service._tcp.example.", &dnsmessage.SRVResource{Priority: 2, Weight: 0, Port: 8002, Target: dnsName("b.example.")}},
	{"_service._tcp.example.", &dnsmessage.SRVResource{Priority: 1, Weight: 0, Port: 8001, Target: dnsName("a.example.")}},
	{"_service._tcp.example.", &dnsmessage.SRVResource{Priority: 3, Weight: 0, Port: 8003, Target: dnsName(".")}},
	{"_bad._tcp.example.", &dnsmessage.SRVResource{Priority: 1, Port: 1, Target: dnsName("no good.example.")}},
	{"_bad._tcp.example.", &dnsmessage.SRVResource{Priority: 2, Port: 2, Target: dnsName("good.example.")}},
	{"7.2.0.192.in-addr.arpa.", &dnsmessage.PTRResource{PTR: dnsName("seven.example.")}},
	{"7.2.0.192.in-addr.arpa.", &dnsmessage.PTRResource{PTR: dnsName("sieben.example.")}},
	{"8.2.0.192.in-addr.arpa.", &dnsmessage.PTRResource{PTR: dnsName("no good.example.")}},
	{"7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.", &dnsmessage.PTRResource{PTR: dnsName("six.example.")}},
}
