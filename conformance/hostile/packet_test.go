//go:build linux

package hostile

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/host"
	"go.parity/conformance/stack"
)

// Datagrams of every awkward size come to buffers of every awkward size.
func TestDatagramSizes(t *testing.T) {
	both(t, func(s *script) {
		c := opened(s, must(s.ListenPacket("udp4", "127.0.0.1:0"))).(stack.UDPConn)
		c.SetDeadline(time.Now().Add(10 * time.Second))
		peer := opened(s, must(net.Dial("udp4", c.LocalAddr().String())))
		for _, size := range []int{0, 1, 2, 511, 65506, 65507} {
			for _, room := range []int{0, 1, 2, 510, 512, 65506, 65508} {
				what := fmt.Sprintf("%d into %d", size, room)
				for _, read := range []struct {
					name string
					do   func(p []byte) (int, net.Addr, error)
				}{
					{"Read", func(p []byte) (int, net.Addr, error) {
						n, err := c.Read(p)
						return n, nil, err
					}},
					{"ReadFrom", c.ReadFrom},
					{"ReadMsgUDP", func(p []byte) (int, net.Addr, error) {
						n, _, flags, from, err := c.ReadMsgUDP(p, nil)
						s.note(what+" flags", flags)
						return n, from, err
					}},
				} {
					must(peer.Write(bytes.Repeat([]byte("d"), size)))
					p, overrun := buffer(room)
					n, from, err := read.do(p)
					s.note(what+" "+read.name, n, from, err)
					if overrun() {
						s.Errorf("%s %s wrote behind the buffer", what, read.name)
					}
					if room == 0 && read.name == "Read" {
						drainConn(s, c)
					}
				}
			}
		}
	})
}

// drainConn takes what a Read into nothing left.
func drainConn(s *script, c stack.UDPConn) {
	must((c.SyscallConn())).Control(func(fd uintptr) { drain(int(fd)) })
}

// IPv4 packets with options, so with headers of every length, come to buffers
// that hold a part of the header, all of it, and the packet.
func TestIPHeaderSizes(t *testing.T) {
	if lack := host.Lacking(host.RawSockets); lack != nil {
		t.Skip(lack)
	}
	both(t, func(s *script) {
		c := opened(s, must(s.ListenPacket("ip4:252", "127.0.0.1"))).(stack.IPConn)
		c.SetDeadline(time.Now().Add(10 * time.Second))
		peer := s.raw(unix.AF_INET, unix.SOCK_RAW, 252)
		to := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
		for options := 0; options <= 40; options += 4 {
			noops := bytes.Repeat([]byte{1}, options)
			if err := unix.SetsockoptString(peer, unix.IPPROTO_IP, unix.IP_OPTIONS, string(noops)); err != nil {
				s.Fatal(err)
			}
			for room := range 70 {
				what := fmt.Sprintf("%d bytes of options into %d", options, room)
				for range 2 {
					check(unix.Sendto(peer, []byte("data"), 0, to))
				}
				p, overrun := buffer(room)
				n, from, err := c.ReadFrom(p)
				s.note(what+" ReadFrom", n, from, err, withoutID(p, options+20))
				oob, overrunMessages := buffer(room)
				n, oobn, flags, from2, err := c.ReadMsgIP(p, oob)
				s.note(what+" ReadMsgIP", n, oobn, flags, from2, err)
				if overrun() || overrunMessages() {
					s.Errorf("%s: wrote behind the buffers", what)
				}
			}
		}
	})
}

// withoutID returns what was read, if the header is no longer before it: a header
// has a number that the kernel chose.
func withoutID(p []byte, header int) []byte {
	if len(p) < header {
		return nil
	}
	return p[:min(4, len(p))]
}

// A peer marks bytes as urgent. The stack reads what net reads, and does not wake
// for nothing for ever.
func TestUrgentData(t *testing.T) {
	both(t, func(s *script) {
		l := opened(s, must(s.Listen("tcp4", "127.0.0.1:0")))
		peer := must(net.Dial("tcp4", l.Addr().String())).(*net.TCPConn)
		defer peer.Close()
		c := opened(s, must(l.Accept()))
		got := make(chan []byte)
		go func() {
			b, err := io.ReadAll(c)
			if err != nil {
				b = append(b, err.Error()...)
			}
			got <- b
		}()
		rc := must(peer.SyscallConn())
		for range 50 {
			rc.Write(func(fd uintptr) bool {
				unix.SendmsgN(int(fd), []byte("ab!"), nil, nil, unix.MSG_OOB)
				return true
			})
		}
		peer.Write([]byte("end"))
		peer.CloseWrite()
		b := <-got
		s.note("the end", bytes.HasSuffix(b, []byte("end")), bytes.Count(b, []byte("a")), bytes.Count(b, []byte("b")))
	})
}

// FileConn, FileListener and FilePacketConn get whatever a program has.
func TestFilesThatAreNoSockets(t *testing.T) {
	both(t, func(s *script) {
		for _, odd := range []struct {
			name string
			make func() (int, error)
		}{
			{"a file", func() (int, error) { return unix.MemfdCreate("odd", unix.MFD_CLOEXEC) }},
			{"a directory", func() (int, error) { return unix.Open(".", unix.O_RDONLY|unix.O_CLOEXEC, 0) }},
			{"/dev/null", func() (int, error) { return unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0) }},
			{"a path alone", func() (int, error) { return unix.Open(".", unix.O_PATH|unix.O_CLOEXEC, 0) }},
			{"an epoll", func() (int, error) { return unix.EpollCreate1(unix.EPOLL_CLOEXEC) }},
			{"an eventfd", func() (int, error) { return unix.Eventfd(0, unix.EFD_CLOEXEC) }},
			{"a pipe", func() (int, error) {
				var fds [2]int
				err := unix.Pipe2(fds[:], unix.O_CLOEXEC)
				unix.Close(fds[1])
				return fds[0], err
			}},
			{"netlink", func() (int, error) { return unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0) }},
			{"packets", func() (int, error) { return unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0) }},
			{"cryptography", func() (int, error) { return unix.Socket(unix.AF_ALG, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0) }},
			{"a virtual machine's", func() (int, error) { return unix.Socket(unix.AF_VSOCK, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0) }},
			{"Bluetooth", func() (int, error) { return unix.Socket(unix.AF_BLUETOOTH, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 3) }},
			{"XDP", func() (int, error) { return unix.Socket(unix.AF_XDP, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0) }},
			{"TIPC", func() (int, error) { return unix.Socket(unix.AF_TIPC, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0) }},
			{"raw IP", func() (int, error) { return unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 252) }},
		} {
			fd, err := odd.make()
			if err != nil {
				s.note(odd.name+" not here", true)
				continue
			}
			f := os.NewFile(uintptr(fd), odd.name)
			c, err := s.FileConn(f)
			s.note(odd.name+" FileConn", c != nil, err)
			if err == nil {
				s.note("addresses", c.LocalAddr(), c.RemoteAddr())
				c.Close()
			}
			l, err := s.FileListener(f)
			s.note(odd.name+" FileListener", l != nil, err)
			if err == nil {
				l.Close()
			}
			p, err := s.FilePacketConn(f)
			s.note(odd.name+" FilePacketConn", p != nil, err)
			if err == nil {
				p.Close()
			}
			f.Close()
			_, err = s.FileConn(f)
			s.note(odd.name+" closed", err)
		}
	})
}
