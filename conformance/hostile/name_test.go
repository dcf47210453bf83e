//go:build linux

package hostile

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/stack"
)

// peerNames are names that a peer may bind: "" for none, "@" alone for one
// that the kernel chooses.
func peerNames() []string {
	unique := fmt.Sprint(os.Getpid())
	return []string{
		"", "@",
		"@" + unique, "@" + unique + "\x00", "@" + unique + "\x00b", "@\x00" + unique, "@\x00\x00" + unique + "\x00\x00",
		"@@" + unique, "@" + unique + "\xff\xfe\x80", "@" + unique + "\n\r\x1b[2J",
		"@" + unique + strings.Repeat("x", 106-len(unique)),
		"@" + unique + strings.Repeat("\x00", 106-len(unique)),
		"p", "p\xff\xc0", "p\n\x1b[2J", "p%s%n", " ", "./q",
		strings.Repeat("p", 107),
	}
}

// bind gives a raw socket a name.
func (s *script) bind(fd int, name string) {
	switch name {
	case "":
		return
	case "@":
		name = "" // the kernel chooses
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: name}); err != nil {
		s.Fatalf("bind(%q) = %v", name, err)
	}
}

// Peers with every name send datagrams and connect. The stack reports their names
// as net does, and can answer whom net can answer.
func TestPeerNames(t *testing.T) {
	t.Run("unixgram", func(t *testing.T) {
		both(t, func(s *script) {
			for i, name := range peerNames() {
				server := opened(s, must(s.ListenUnixgram("unixgram", &net.UnixAddr{Name: fmt.Sprint("server", i), Net: "unixgram"})))
				server.SetDeadline(time.Now().Add(10 * time.Second))
				peer := s.raw(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
				s.bind(peer, name)
				for range 4 {
					check(unix.Sendto(peer, []byte("x"), 0, &unix.SockaddrUnix{Name: fmt.Sprint("server", i)}))
				}
				p := make([]byte, 10)
				n, from, err := server.ReadFrom(p)
				s.note("ReadFrom", n, from, err)
				n, unixFrom, err := server.ReadFromUnix(p)
				s.note("ReadFromUnix", n, unixFrom, err)
				n, _, flags, msgFrom, err := server.ReadMsgUnix(p, nil)
				s.note("ReadMsgUnix", n, flags, msgFrom, err)
				n, err = server.Read(p)
				s.note("Read", n, err)
				if from == nil {
					continue
				}
				n, err = server.WriteTo([]byte("answer"), from)
				s.note("WriteTo", n, err)
				got := make([]byte, 20)
				n, _, err = unix.Recvfrom(peer, got, unix.MSG_DONTWAIT)
				s.note("the peer gets", n, err)
			}
		})
	})
	for network, sotype := range map[string]int{"unix": unix.SOCK_STREAM, "unixpacket": unix.SOCK_SEQPACKET} {
		t.Run(network, func(t *testing.T) {
			both(t, func(s *script) {
				l := opened(s, must(s.ListenUnix(network, &net.UnixAddr{Name: "server", Net: network})))
				l.SetDeadline(time.Now().Add(10 * time.Second))
				for i, name := range peerNames() {
					peer := s.raw(unix.AF_UNIX, sotype, 0)
					s.bind(peer, name)
					check(unix.Connect(peer, &unix.SockaddrUnix{Name: "server"}))
					c := opened(s, must(l.Accept()))
					s.note(fmt.Sprintf("accepted %d", i), c.LocalAddr(), c.RemoteAddr())
					f := fileOf(peer)
					fc, err := s.FileConn(f)
					f.Close()
					s.note("FileConn", err)
					if err == nil {
						s.note("of the peer", fc.LocalAddr(), fc.RemoteAddr())
						fc.Close()
					}
				}
			})
		})
	}
}

// userNames are names that a program may have from somebody else.
func userNames() []string {
	unique := fmt.Sprint("u", os.Getpid())
	names := append(peerNames(), "a\x00b", "@\x00"+unique, "\x00\x00"+unique, "\x00"+unique, unique+"\x00", "/", "/dev/null", ".", "..", "no/such/dir", "@"+strings.Repeat("y", 106))
	for n := 105; n < 112; n++ {
		names = append(names, strings.Repeat("n", n), "@"+unique+strings.Repeat("m", n-1-len(unique)), strings.Repeat("k", n-1)+"\x00")
	}
	return append(names, strings.Repeat("z", 5000), "@"+strings.Repeat("z", 5000))
}

// The stack binds and connects what net does, and refuses the rest alike. The
// kernel has the same name, to the byte, and the same files are left.
func TestNamesFromUsers(t *testing.T) {
	both(t, func(s *script) {
		for i, name := range userNames() {
			if name == "@" {
				continue // for the whole host
			}
			what := fmt.Sprintf("name %d, %.20q of %d", i, name, len(name))
			what = strings.ReplaceAll(what, fmt.Sprint(os.Getpid()), "pid")
			l, err := s.Listen("unix", name)
			s.note(what+" Listen", short(err))
			if err == nil {
				must(l.(stack.UnixListener).SyscallConn()).Control(func(fd uintptr) {
					sa, err := unix.Getsockname(int(fd))
					if sa, ok := sa.(*unix.SockaddrUnix); ok && name != "" && name != "@" {
						s.note("the kernel's name", []byte(strings.ReplaceAll(sa.Name, fmt.Sprint(os.Getpid()), "pid")), err)
					}
				})
				c, err := s.Dial("unix", name)
				s.note(what+" Dial", short(err))
				if err == nil {
					c.Close()
				}
				s.note(what+" Close", short(l.Close()))
			}
			c, err := s.ListenPacket("unixgram", name)
			s.note(what+" ListenPacket", short(err))
			if err == nil {
				n, err := c.WriteTo([]byte("x"), &net.UnixAddr{Name: name, Net: "unixgram"})
				s.note(what+" WriteTo", n, short(err))
				c.Close()
			}
			left, _ := os.ReadDir(".")
			for _, f := range left {
				s.note(what+" leaves", fmt.Sprintf("%.20q", f.Name()), len(f.Name()))
				os.Remove(f.Name())
			}
		}
	})
}

// short is an error without most of a long name.
func short(err error) error {
	if err == nil {
		return nil
	}
	text := strings.ReplaceAll(err.Error(), fmt.Sprint(os.Getpid()), "pid")
	if len(text) > 300 {
		text = text[:100] + "..." + text[len(text)-100:]
	}
	return fmt.Errorf("%T %q", err, text)
}
