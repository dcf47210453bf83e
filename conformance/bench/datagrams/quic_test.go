//go:build linux

package datagrams

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"golang.org/x/net/ipv4"

	"go.parity/net2"
)

// A batchReader lets quic-go read through ReadUDPBatch: it looks for this method, and otherwise
// reads through golang.org/x/net, which works on a *net2.UDPConn too, and allocates the address
// of each packet.
type batchReader struct {
	*net2.UDPConn
	in    []net2.UDPMessage
	addrs map[net2Addr]*net.UDPAddr // those that came before
}

type net2Addr = struct {
	ip   [16]byte
	port uint16
}

// addrsMost is how many senders' addresses a batchReader keeps.
const addrsMost = 1024

func newBatchReader(c *net2.UDPConn) *batchReader {
	return &batchReader{UDPConn: c, addrs: make(map[net2Addr]*net.UDPAddr)}
}

// ReadBatch receives into ms. quic-go calls it in one goroutine.
func (r *batchReader) ReadBatch(ms []ipv4.Message, flags int) (int, error) {
	for len(r.in) < len(ms) {
		r.in = append(r.in, net2.UDPMessage{})
	}
	in := r.in[:len(ms)]
	for i := range ms {
		in[i] = net2.UDPMessage{Buffer: ms[i].Buffers[0], Control: ms[i].OOB}
	}
	n, err := r.ReadUDPBatch(in)
	for i := range in[:n] {
		ms[i].N, ms[i].NN, ms[i].Flags = len(in[i].Buffer), len(in[i].Control), in[i].Flags
		ms[i].Addr = r.addr(&in[i])
	}
	return n, err
}

// addr returns the address of a sender; the same one for the same sender, which nobody changes.
func (r *batchReader) addr(m *net2.UDPMessage) *net.UDPAddr {
	key := net2Addr{m.Addr.Addr().As16(), m.Addr.Port()}
	a := r.addrs[key]
	if a == nil || m.Addr.Addr().Zone() != a.Zone {
		a = net.UDPAddrFromAddrPort(m.Addr)
		if len(r.addrs) >= addrsMost {
			clear(r.addrs)
		}
		r.addrs[key] = a
	}
	return a
}

// quicSides are the sockets that quic-go gets.
var quicSides = []struct {
	name   string
	listen func() (net.PacketConn, error)
}{
	{"net", func() (net.PacketConn, error) { return net.ListenPacket("udp4", "127.0.0.1:0") }},
	{"net2", func() (net.PacketConn, error) { return net2.ListenPacket("udp4", "127.0.0.1:0") }},
	{"net2-adapter", func() (net.PacketConn, error) {
		c, err := net2.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		return newBatchReader(c.(*net2.UDPConn)), nil
	}},
}

func tlsConfigs(tb testing.TB) (server, client *tls.Config) {
	tb.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	const protocol = "datagrams"
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: private}}, NextProtos: []string{protocol}},
		&tls.Config{RootCAs: roots, ServerName: "localhost", NextProtos: []string{protocol}}
}

// A transfer is a connection over which the client sends.
type transfer struct {
	client *quic.Conn
	counts chan int64 // bytes of each stream that the server has read
}

func newTransfer(tb testing.TB, listen func() (net.PacketConn, error)) *transfer {
	tb.Helper()
	serverTLS, clientTLS := tlsConfigs(tb)
	transport := func() *quic.Transport {
		c, err := listen()
		if err != nil {
			tb.Fatal(err)
		}
		t := &quic.Transport{Conn: c}
		tb.Cleanup(func() { t.Close(); c.Close() })
		return t
	}
	ctx := tb.Context()
	server, client := transport(), transport()
	ln, err := server.Listen(serverTLS, nil)
	if err != nil {
		tb.Fatal(err)
	}
	t := &transfer{counts: make(chan int64)}
	var group sync.WaitGroup
	group.Go(func() {
		c, err := ln.Accept(ctx)
		if err != nil {
			return
		}
		for {
			s, err := c.AcceptUniStream(ctx)
			if err != nil {
				return
			}
			n, _ := io.Copy(io.Discard, s)
			t.counts <- n
		}
	})
	if t.client, err = client.Dial(ctx, server.Conn.LocalAddr(), clientTLS, nil); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		t.client.CloseWithError(0, "")
		ln.Close()
		group.Wait()
	})
	return t
}

// send sends n KiB and waits until the server has read them.
func (t *transfer) send(tb testing.TB, n int) int {
	s, err := t.client.OpenUniStreamSync(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
	p := make([]byte, 64<<10)
	for left := n << 10; left > 0; left -= len(p) {
		if _, err := s.Write(p); err != nil {
			tb.Fatal(err)
		}
	}
	s.Close()
	if got := <-t.counts; got != int64(n)<<10 {
		tb.Fatalf("the server has read %d bytes, want %d", got, n<<10)
	}
	return n
}

func TestQUICTransfers(t *testing.T) {
	for _, s := range quicSides {
		t.Run(s.name, func(t *testing.T) { newTransfer(t, s.listen).send(t, 1<<10) })
	}
}

func BenchmarkQUIC(b *testing.B) {
	var sides []side
	for _, s := range quicSides {
		t := newTransfer(b, s.listen)
		sides = append(sides, side{s.name, func(b *testing.B) int { return t.send(b, 16<<10) }})
	}
	compare(b, "KiB", sides)
}
