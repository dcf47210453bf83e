//go:build linux

package scarcity

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"go.parity/conformance"
	"go.parity/conformance/host"
	"go.parity/conformance/stack"
)

// A server with few free descriptors or none: what fails, fails like net's; who
// is connected is served; and when descriptors come back, everybody is.
func TestServerWithoutDescriptors(t *testing.T) {
	if lack := host.Lacking(host.Loopback, host.Proc); lack != nil {
		t.Skip(lack)
	}
	for free := range 4 {
		t.Run(fmt.Sprint(free, " free"), func(t *testing.T) {
			want, err := child(t, "server", "net", free)
			if err != nil {
				t.Fatalf("net: %v\n%s", err, want)
			}
			got, err := child(t, "server", "net2", free)
			if err != nil {
				t.Fatalf("net2: %v\n%s", err, got)
			}
			if diff := cmp.Diff(comparable(want), comparable(got)); diff != "" {
				t.Errorf("what the script saw (-net +net2):\n%s", diff)
			}
			// Not both of them wrong in the same way.
			for _, line := range strings.Split(got, "\n") {
				name, result, _ := strings.Cut(line, ": ")
				switch {
				case strings.HasPrefix(name, "served"), strings.HasPrefix(name, "again"):
					if result != "ok" {
						t.Errorf("%s: %s, want ok", name, result)
					}
				case strings.HasPrefix(name, "needs"):
					// A resolver may say that there is no such host.
					if result != "ok" && !strings.Contains(result, "too many open files") && !strings.Contains(name, "lookup") {
						t.Errorf("%s: %s, want ok or an error about descriptors", name, result)
					}
					if result == "ok" && free == 0 && !strings.Contains(name, "lookup") {
						t.Errorf("%s: ok without a descriptor", name)
					}
				case strings.HasPrefix(name, "after"):
					t.Errorf("%s: %s, want nothing left", name, result)
				}
			}
		})
	}
}

// fileOf is what File said, which in the portable build has to make more
// descriptors than one, for a moment.
var fileOf = regexp.MustCompile("(?m)^needs one, File of .*\n")

// comparable returns what must be the same on both stacks.
func comparable(transcript string) string {
	if conformance.Poller() == conformance.Portable {
		return fileOf.ReplaceAllString(transcript, "")
	}
	return transcript
}

// A pair is a connection between the script and itself.
type pair struct{ client, server net.Conn }

func (s *script) pair(l net.Listener) pair {
	c := must(s.Dial(l.Addr().Network(), l.Addr().String()))
	return pair{c, must(l.Accept())}
}

// echo sends a word there and back. Both ends may have to wait.
func (p pair) echo() error {
	const word = "are you there?"
	p.client.SetDeadline(time.Now().Add(20 * time.Second))
	p.server.SetDeadline(time.Now().Add(20 * time.Second))
	done := make(chan error, 1)
	go func() {
		b := make([]byte, len(word))
		_, err := io.ReadFull(p.server, b)
		if err == nil {
			_, err = p.server.Write(b)
		}
		done <- err
	}()
	if _, err := p.client.Write([]byte(word)); err != nil {
		return err
	}
	b := make([]byte, len(word))
	if _, err := io.ReadFull(p.client, b); err != nil {
		return err
	}
	if string(b) != word {
		return fmt.Errorf("the echo of %q is %q", word, b)
	}
	return <-done
}

// relay moves a megabyte from one pair through another one, as a proxy does,
// and then ends both.
func relay(from, to pair) error {
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	go func() {
		from.client.Write(content)
		from.client.Close()
	}()
	moved := make(chan error, 1)
	go func() {
		_, err := io.Copy(to.client, from.server)
		to.client.Close()
		moved <- err
	}()
	got, err := io.ReadAll(to.server)
	from.server.Close()
	to.server.Close()
	if err == nil && !bytes.Equal(got, content) {
		err = fmt.Errorf("%d bytes came through, or others than the %d that were sent", len(got), len(content))
	}
	return errors.Join(err, <-moved)
}

// sendFile sends a file that is open already.
func sendFile(p pair, f *os.File) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	size := must(f.Stat()).Size()
	got := make(chan int64, 1)
	go func() {
		n, _ := io.CopyN(io.Discard, p.server, size)
		got <- n
	}()
	_, err := p.client.(io.ReaderFrom).ReadFrom(f)
	if n := <-got; err == nil && n != size {
		err = fmt.Errorf("%d bytes came, want %d", n, size)
	}
	return err
}

// clients are sockets that the kernel connects: no stack has a part in them.
func clients(n int) []int {
	var list []int
	for range n {
		list = append(list, must(unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)))
	}
	return list
}

func connect(fd int, to net.Addr) error {
	a := to.(*net.TCPAddr)
	return unix.Connect(fd, &unix.SockaddrInet4{Port: a.Port, Addr: [4]byte(a.IP.To4())})
}

func server(s *script, free int) {
	dir := must(os.MkdirTemp("", "scarcity"))
	defer os.RemoveAll(dir)
	tcp := must(s.Listen("tcp", "127.0.0.1:0"))
	local := must(s.Listen("unix", dir+"/s"))
	udp := must(s.ListenPacket("udp4", "127.0.0.1:0"))
	dialed := must(s.Listen("tcp4", "127.0.0.1:0")) // and nobody accepts
	defer dialed.Close()
	defer local.Close()
	waiting, fresh := s.pair(tcp), s.pair(tcp)
	s.say("served, before", waiting.echo())
	relays := []pair{s.pair(tcp), s.pair(tcp), s.pair(local), s.pair(tcp), s.pair(tcp), s.pair(local)}
	queued := clients(2)
	f := must(os.CreateTemp(dir, ""))
	must(f.Write(make([]byte, 100<<10)))
	socketFile := must(tcp.(stack.TCPListener).File())
	must(0, syscall.SetNonblock(int(socketFile.Fd()), true))

	s.take(free)
	s.say("served, one that has waited before", waiting.echo())
	s.say("served, one that has not", fresh.echo())
	s.say("served, a file", sendFile(fresh, f))
	for _, q := range queued {
		s.say("served, the kernel's queue", connect(q, tcp.Addr()))
	}
	s.withNone("needs one, Accept", func() (io.Closer, error) { return closer(tcp.Accept()) })
	s.withNone("needs one, Accept of another", func() (io.Closer, error) { return closer(tcp.Accept()) })
	s.needing(dir, tcp, dialed, udp, waiting, socketFile)
	// The relays close connections and so free some, one after the other.
	s.say("served, a relay", relay(relays[0], relays[1]))
	s.say("served, a relay from a Unix socket", relay(relays[2], relays[3]))

	s.give(12)
	l := tcp.(stack.TCPListener)
	l.SetDeadline(time.Now().Add(20 * time.Second))
	for free < 1 && len(queued) > 0 { // with more free ones, they were accepted above
		c, err := l.Accept()
		s.say("again, Accept of who waited", err)
		c.Close()
		queued = queued[1:]
	}
	s.say("again, a relay to a Unix socket", relay(relays[4], relays[5]))
	p := s.pair(tcp)
	s.say("again, a new connection", p.echo())
	p.client.Close()
	p.server.Close()
	c, err := s.Dial("unix", dir+"/s")
	s.say("again, Dial", err)
	c.Close()
	file, err := waiting.client.(stack.TCPConn).File()
	s.say("again, File", err)
	file.Close()
}

func closer[C io.Closer](c C, err error) (io.Closer, error) { return c, err }

// withNone runs what needs descriptors, and says whether it left any behind.
func (s *script) withNone(name string, f func() (io.Closer, error)) {
	before := s.free()
	c, err := f()
	if err == nil {
		c.Close()
	}
	s.say(name, err)
	if left := before - s.free(); left != 0 {
		fmt.Printf("after %s: %d descriptors left open\n", name, left)
	}
}

// needing does everything that needs a descriptor.
func (s *script) needing(dir string, tcp, dialed net.Listener, udp net.PacketConn, conn pair, socketFile *os.File) {
	for _, address := range []struct{ network, address string }{
		{"tcp4", dialed.Addr().String()}, {"udp4", udp.LocalAddr().String()}, {"unix", dir + "/s"},
	} {
		s.withNone("needs one, Dial "+address.network, func() (io.Closer, error) {
			return closer(s.Dial(address.network, address.address))
		})
	}
	s.withNone("needs one, Dial after a lookup", func() (io.Closer, error) {
		return closer(s.Dial("tcp4", strings.Replace(dialed.Addr().String(), "127.0.0.1", "localhost", 1)))
	})
	s.withNone("needs one, Listen tcp", func() (io.Closer, error) { return closer(s.Listen("tcp", "127.0.0.1:0")) })
	s.withNone("needs one, Listen unix", func() (io.Closer, error) { return closer(s.Listen("unix", dir+"/t")) })
	s.withNone("needs one, ListenPacket udp", func() (io.Closer, error) { return closer(s.ListenPacket("udp", "127.0.0.1:0")) })
	s.withNone("needs one, ListenPacket unixgram", func() (io.Closer, error) { return closer(s.ListenPacket("unixgram", dir+"/u")) })
	s.withNone("needs one, ListenMulticastUDP", func() (io.Closer, error) {
		return closer(s.ListenMulticastUDP("udp4", nil, &net.UDPAddr{IP: net.IPv4(224, 0, 0, 254)}))
	})
	s.withNone("needs one, File of a connection", func() (io.Closer, error) { return closer(conn.client.(stack.TCPConn).File()) })
	s.withNone("needs one, File of a listener", func() (io.Closer, error) { return closer(tcp.(stack.TCPListener).File()) })
	s.withNone("needs one, File of a packet connection", func() (io.Closer, error) { return closer(udp.(stack.UDPConn).File()) })
	s.withNone("needs one, FileListener", func() (io.Closer, error) { return closer(s.FileListener(socketFile)) })
	s.withNone("needs one, FileConn", func() (io.Closer, error) { return closer(s.FileConn(socketFile)) })
	s.withNone("needs one, Interfaces", func() (io.Closer, error) { _, err := s.Interfaces(); return nothing{}, err })
	s.withNone("needs one, lookup of a host", func() (io.Closer, error) { _, err := s.LookupHost("localhost"); return nothing{}, err })
}

type nothing struct{}

func (nothing) Close() error { return nil }
