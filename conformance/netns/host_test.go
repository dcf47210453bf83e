//go:build linux

package netns

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// A host is a network namespace with one link, to the router.
type host struct {
	addr  netip.Addr
	link  *os.File // the router's end: what the host sends can be read from it
	tasks chan func()
	ended chan struct{}
}

// newHost makes a host whose address is in a network that comprises everybody,
// so that it sends to the router what it sends to others. bits is the length of
// the network's prefix.
func newHost(addr netip.Addr, bits int) (*host, error) {
	h := &host{addr: addr, tasks: make(chan func()), ended: make(chan struct{})}
	failed := make(chan error)
	go h.run(bits, failed)
	if err := <-failed; err != nil {
		return nil, err
	}
	return h, nil
}

// run makes the namespace and then does the host's tasks. Its thread stays in
// that namespace, and ends with the goroutine, because nobody unlocks it.
func (h *host) run(bits int, failed chan<- error) {
	defer close(h.ended)
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		failed <- os.NewSyscallError("unshare", err)
		return
	}
	var err error
	if h.link, err = openLink(netip.PrefixFrom(h.addr, bits)); err != nil {
		failed <- err
		return
	}
	failed <- nil
	for task := range h.tasks {
		task()
	}
}

// do calls f in the host: what opens sockets in f's own goroutine opens them
// there. A socket stays in the host where it was opened, whoever uses it.
func (h *host) do(f func()) {
	done := make(chan struct{})
	h.tasks <- func() {
		defer close(done)
		f()
	}
	<-done
}

// set sets a parameter of the host's network.
func (h *host) set(name, value string) (err error) {
	h.do(func() { err = os.WriteFile("/proc/sys/net/ipv4/"+name, []byte(value), 0) })
	return err
}

// up says whether the host's link is up.
func (h *host) up(up bool) (err error) {
	h.do(func() {
		flags := uint16(0)
		if up {
			flags = unix.IFF_UP
		}
		err = configure(linkName, func(r *unix.Ifreq) (uint, error) {
			r.SetUint16(flags)
			return unix.SIOCSIFFLAGS, nil
		})
	})
	return err
}

// close ends the host. The kernel takes the namespace down when the last socket
// in it is closed.
func (h *host) close() {
	close(h.tasks)
	<-h.ended
	h.link.Close()
}

const linkName = "link0"

// openLink makes the link of a host in the namespace of this thread.
func openLink(prefix netip.Prefix) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("open /dev/net/tun", err)
	}
	request, err := unix.NewIfreq(linkName)
	if err != nil {
		return nil, err
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("TUNSETIFF", err)
	}
	steps := []func(*unix.Ifreq) (uint, error){
		func(r *unix.Ifreq) (uint, error) { r.SetUint32(linkMTU); return unix.SIOCSIFMTU, nil },
		func(r *unix.Ifreq) (uint, error) { r.SetUint16(unix.IFF_UP); return unix.SIOCSIFFLAGS, nil },
	}
	for i, step := range steps {
		if err := configure(linkName, step); err != nil {
			unix.Close(fd)
			return nil, fmt.Errorf("step %d of the link's configuration: %w", i, err)
		}
	}
	if err := addAddr(linkName, prefix); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "tun"), nil
}

// configure makes one request about an interface of this thread's namespace.
func configure(name string, fill func(*unix.Ifreq) (uint, error)) error {
	request, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	code, err := fill(request)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	return os.NewSyscallError("ioctl", unix.IoctlIfreq(fd, code, request))
}

// addAddr gives an interface of this thread's namespace an address, which it keeps when it
// goes down; see rtnetlink(7).
func addAddr(name string, prefix netip.Prefix) error {
	iface, err := net.InterfaceByName(name)
	if err != nil {
		return err
	}
	afInet := byte(unix.AF_INET)
	if prefix.Addr().Is6() {
		afInet = unix.AF_INET6
		for option, value := range map[string]string{"keep_addr_on_down": "1", "router_solicitations": "0"} {
			if err := os.WriteFile("/proc/sys/net/ipv6/conf/"+name+"/"+option, []byte(value), 0); err != nil {
				return err
			}
		}
	}
	body := []byte{afInet, byte(prefix.Bits()), unix.IFA_F_PERMANENT | unix.IFA_F_NODAD, unix.RT_SCOPE_UNIVERSE}
	body = binary.NativeEndian.AppendUint32(body, uint32(iface.Index))
	for _, kind := range []uint16{unix.IFA_LOCAL, unix.IFA_ADDRESS} {
		addr := prefix.Addr().AsSlice()
		body = binary.NativeEndian.AppendUint16(body, uint16(unix.SizeofRtAttr+len(addr)))
		body = binary.NativeEndian.AppendUint16(body, kind)
		body = append(body, addr...)
	}
	return rtnetlink(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL, body)
}

// rtnetlink makes a request of this thread's namespace and waits for the answer.
func rtnetlink(kind, flags uint16, body []byte) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	m := binary.NativeEndian.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(body)))
	m = binary.NativeEndian.AppendUint16(m, kind)
	m = binary.NativeEndian.AppendUint16(m, unix.NLM_F_REQUEST|unix.NLM_F_ACK|flags)
	m = append(m, make([]byte, 8)...) // the sequence number and the port, which one request does not need
	if err := unix.Sendto(fd, append(m, body...), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return os.NewSyscallError("sendto", err)
	}
	answer := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, answer, 0)
	if err != nil {
		return os.NewSyscallError("recvfrom", err)
	}
	if n < unix.SizeofNlMsghdr+4 {
		return fmt.Errorf("rtnetlink answers with %d bytes", n)
	}
	if errno := -int32(binary.NativeEndian.Uint32(answer[unix.SizeofNlMsghdr:])); errno != 0 {
		return os.NewSyscallError("rtnetlink", syscall.Errno(errno))
	}
	return nil
}
