//go:build linux && (amd64 || arm64 || riscv64)

package fault

import (
	"net"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/trace"
)

// The other side of a connection is a socket of the same process, made and used
// by bare system calls on a descriptor that is hidden from the faults.

// hide gives a descriptor a number beyond trace.FirstHidden.
func (r *runner) hide(fd int, err error) (int, error) {
	if err != nil {
		return -1, err
	}
	defer unix.Close(fd)
	hidden, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, trace.FirstHidden)
	if err == nil {
		r.hidden = append(r.hidden, hidden)
	}
	return hidden, err
}

// listens makes a listener of the other side and returns its address.
func (r *runner) listens(network string) (string, error) {
	fd, err := r.hide(unix.Socket(family(network), sockType(network)|unix.SOCK_CLOEXEC, 0))
	if err != nil {
		return "", err
	}
	r.other = fd
	var sa unix.Sockaddr = &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	if family(network) == unix.AF_UNIX {
		sa = &unix.SockaddrUnix{Name: r.dir + "/other"}
	}
	if err := unix.Bind(fd, sa); err != nil {
		return "", os.NewSyscallError("bind", err)
	}
	if sockType(network) == unix.SOCK_STREAM {
		if err := unix.Listen(fd, 16); err != nil {
			return "", os.NewSyscallError("listen", err)
		}
	}
	if sa, err = unix.Getsockname(fd); err != nil {
		return "", err
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(sa.Port)), nil
	case *unix.SockaddrUnix:
		return sa.Name, nil
	}
	panic("fault: a socket of no known family")
}

// dials connects the other side to an address.
func (r *runner) dials(a net.Addr) error {
	if err := r.makes(a.Network()); err != nil {
		return err
	}
	return os.NewSyscallError("connect", unix.Connect(r.other, sockaddr(a)))
}

// makes makes a socket that dialsLater will connect.
func (r *runner) makes(network string) (err error) {
	r.other, err = r.hide(unix.Socket(family(network), sockType(network)|unix.SOCK_CLOEXEC, 0))
	return err
}

// dialsLater connects the socket that makes made.
func (r *runner) dialsLater(a net.Addr) {
	r.inAWhile(func() { unix.Connect(r.other, sockaddr(a)) })
}

func sockaddr(a net.Addr) unix.Sockaddr {
	if u, ok := a.(*net.UnixAddr); ok {
		return &unix.SockaddrUnix{Name: u.Name}
	}
	_, port, _ := net.SplitHostPort(a.String())
	n, _ := strconv.Atoi(port)
	return &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: n}
}

func family(network string) int {
	if network[0] == 'u' && network[1] == 'n' {
		return unix.AF_UNIX
	}
	return unix.AF_INET
}

func sockType(network string) int {
	switch network {
	case "udp", "unixgram":
		return unix.SOCK_DGRAM
	case "unixpacket":
		return unix.SOCK_SEQPACKET
	}
	return unix.SOCK_STREAM
}

// sends writes a text from the other side.
func (r *runner) sends(text string) error {
	_, err := unix.Write(r.other, []byte(text))
	return os.NewSyscallError("write", err)
}

func (r *runner) sendsLater(text string) {
	r.inAWhile(func() { unix.Write(r.other, []byte(text)) })
}

// drainsLater reads what the other side is sent.
func (r *runner) drainsLater() {
	r.inAWhile(func() {
		b := make([]byte, 1<<20)
		for end := time.Now().Add(patience / 2); !r.over.Load() && time.Now().Before(end); time.Sleep(time.Millisecond) {
			for {
				if n, _, err := unix.Recvfrom(r.other, b, unix.MSG_DONTWAIT); err != nil || n == 0 {
					break
				}
			}
		}
	})
}

// fill fills a connection's buffers, until a write finds no room.
func fill(fd int) {
	b := make([]byte, 64<<10)
	for {
		if _, err := unix.Write(fd, b); err != nil {
			return
		}
	}
}
