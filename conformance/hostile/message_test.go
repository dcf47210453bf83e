//go:build linux

package hostile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/host"
	"go.parity/conformance/stack"
)

// closeRights closes the descriptors in control messages, and returns how many
// there were.
func closeRights(oob []byte) (n int) {
	messages, _ := unix.ParseSocketControlMessage(oob)
	for i := range messages {
		fds, _ := unix.ParseUnixRights(&messages[i])
		for _, fd := range fds {
			unix.Close(fd)
			n++
		}
	}
	return n
}

// A peer sends descriptors and credentials, and there is room for some, for a
// part of one, or for none. Nothing is written behind the buffers; descriptors
// without room are closed.
func TestControlMessagesCutOff(t *testing.T) {
	for network, sotype := range map[string]int{"unix": unix.SOCK_STREAM, "unixgram": unix.SOCK_DGRAM, "unixpacket": unix.SOCK_SEQPACKET} {
		t.Run(network, func(t *testing.T) {
			both(t, func(s *script) {
				fds := s.pair(sotype)
				f := fileOf(fds[0])
				receiver := opened(s, must(s.FileConn(f))).(stack.UnixConn)
				f.Close()
				receiver.SetDeadline(time.Now().Add(10 * time.Second))
				check(unix.SetsockoptInt(fds[0], unix.SOL_SOCKET, unix.SO_PASSCRED, 1))
				messages := append(unix.UnixRights(0, 1, 2), unix.UnixCredentials(&unix.Ucred{Pid: int32(os.Getpid())})...)
				for size := range 120 {
					for _, room := range []int{0, 1, 8} {
						check(unix.Sendmsg(fds[1], []byte("word"), messages, nil, 0))
						oob, overrun := buffer(size)
						p, overrunData := buffer(room)
						n, oobn, flags, from, err := receiver.ReadMsgUnix(p, oob)
						s.note(fmt.Sprintf("room for %d and %d", room, size), n, oobn, flags, from, err, closeRights(oob[:max(oobn, 0)]), oob[oobn:])
						if overrun() || overrunData() {
							s.Errorf("ReadMsgUnix with room for %d and %d wrote behind the buffers", room, size)
						}
						if sotype == unix.SOCK_STREAM { // the rest of the word
							drain(fds[0])
						}
					}
				}
			})
		})
	}
}

// pair makes two connected Unix sockets that no stack knows.
func (s *script) pair(sotype int) [2]int {
	fds := must(unix.Socketpair(unix.AF_UNIX, sotype|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0))
	s.Cleanup(func() {
		unix.Close(fds[0])
		unix.Close(fds[1])
	})
	return fds
}

// drain takes what is there.
func drain(fd int) {
	for p := make([]byte, 100); ; {
		if n, _, err := unix.Recvfrom(fd, p, unix.MSG_DONTWAIT); n <= 0 || err != nil {
			return
		}
	}
}

// The kernel has more to say about a datagram than there is room for.
func TestPacketInfoCutOff(t *testing.T) {
	for _, tt := range []struct {
		network, address string
		needs            host.Need
		level            int
		options          []int
	}{
		{"udp4", "127.0.0.1:0", host.Loopback, unix.IPPROTO_IP, []int{unix.IP_PKTINFO, unix.IP_RECVTTL, unix.IP_RECVTOS, unix.IP_RECVORIGDSTADDR}},
		{"udp6", "[::1]:0", host.IPv6, unix.IPPROTO_IPV6, []int{unix.IPV6_RECVPKTINFO, unix.IPV6_RECVHOPLIMIT, unix.IPV6_RECVTCLASS}},
	} {
		t.Run(tt.network, func(t *testing.T) {
			if lack := host.Lacking(tt.needs); lack != nil {
				t.Skip(lack)
			}
			both(t, func(s *script) {
				c := opened(s, must(s.ListenPacket(tt.network, tt.address))).(stack.UDPConn)
				c.SetDeadline(time.Now().Add(10 * time.Second))
				must(c.SyscallConn()).Control(func(fd uintptr) {
					for _, o := range tt.options {
						check(unix.SetsockoptInt(int(fd), tt.level, o, 1))
					}
				})
				peer := opened(s, must(net.Dial(tt.network, c.LocalAddr().String())))
				for size := range 160 {
					must(peer.Write([]byte("word")))
					oob, overrun := buffer(size)
					p, overrunData := buffer(size % 6)
					n, oobn, flags, from, err := c.ReadMsgUDP(p, oob)
					// The port that the kernel chose is in one of the messages.
					s.note(fmt.Sprintf("room for %d", size), n, oobn, flags, from, err, len(oob[oobn:]), bytes.Count(oob[oobn:], []byte{untouched}))
					if overrun() || overrunData() {
						s.Errorf("ReadMsgUDP with room for %d wrote behind the buffers", size)
					}
				}
			})
		})
	}
}

// Somebody gives a program control messages that are no messages: headers with
// lengths of nothing, of too much, of less than a header.
func TestControlMessagesOfNonsense(t *testing.T) {
	header := func(length uint64, level, kind int32, data int) []byte {
		b := binary.NativeEndian.AppendUint64(nil, length) // struct cmsghdr, where size_t has 64 bits
		b = binary.NativeEndian.AppendUint32(b, uint32(level))
		b = binary.NativeEndian.AppendUint32(b, uint32(kind))
		return append(b, make([]byte, data)...)
	}
	var all [][]byte
	for _, length := range []uint64{0, 1, 15, 16, 17, 20, 24, 1 << 16, 1 << 31, 1<<32 - 1, 1 << 32, 1<<63 - 1, 1 << 63, 1<<64 - 1, 1<<64 - 16} {
		for _, level := range []int32{unix.SOL_SOCKET, unix.IPPROTO_IP, unix.IPPROTO_IPV6, unix.SOL_UDP, -1} {
			all = append(all, header(length, level, unix.SCM_RIGHTS, 24), header(length, level, 0x7fffffff, 1), header(length, level, unix.IP_PKTINFO, 4))
		}
	}
	for n := range 40 {
		all = append(all, make([]byte, n), bytes.Repeat([]byte{0xff}, n))
	}
	both(t, func(s *script) {
		u := s.pair(unix.SOCK_DGRAM)
		f := fileOf(u[0])
		unixConn := opened(s, must(s.FileConn(f))).(stack.UnixConn)
		f.Close()
		to := opened(s, must(net.ListenPacket("udp4", "127.0.0.1:0")))
		udp := opened(s, must(s.ListenPacket("udp4", "127.0.0.1:0"))).(stack.UDPConn)
		connected := opened(s, must(s.Dial("udp4", to.LocalAddr().String()))).(stack.UDPConn)
		for i, oob := range all {
			for _, p := range [][]byte{nil, []byte("x")} {
				unixConn.SetWriteDeadline(time.Now().Add(10 * time.Second))
				n, oobn, err := unixConn.WriteMsgUnix(p, oob, nil)
				s.note(fmt.Sprintf("%d WriteMsgUnix", i), n, oobn, err)
				drain(u[1])
				n, oobn, err = udp.WriteMsgUDP(p, oob, to.LocalAddr().(*net.UDPAddr))
				s.note(fmt.Sprintf("%d WriteMsgUDP", i), n, oobn, err)
				n, oobn, err = connected.WriteMsgUDP(p, oob, nil)
				s.note(fmt.Sprintf("%d WriteMsgUDP, connected", i), n, oobn, err)
			}
		}
	})
}
