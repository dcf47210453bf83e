//go:build linux

package netns

import (
	"fmt"
	"net/netip"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// A host is a network namespace with one link, to the router.
type host struct {
	addr  netip.Addr
	link  *os.File // the router's end: what the host sends can be read from it
	tasks chan func()
	ended chan struct{}
}

// newHost makes a host whose address is in a network that comprises all of 10/8,
// so that it sends all of that to the router.
func newHost(addr netip.Addr) (*host, error) {
	h := &host{addr: addr, tasks: make(chan func()), ended: make(chan struct{})}
	failed := make(chan error)
	go h.run(failed)
	if err := <-failed; err != nil {
		return nil, err
	}
	return h, nil
}

// run makes the namespace and then does the host's tasks. Its thread stays in
// that namespace, and ends with the goroutine, because nobody unlocks it.
func (h *host) run(failed chan<- error) {
	defer close(h.ended)
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		failed <- os.NewSyscallError("unshare", err)
		return
	}
	var err error
	if h.link, err = openLink(h.addr); err != nil {
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
func openLink(addr netip.Addr) (*os.File, error) {
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
		func(r *unix.Ifreq) (uint, error) { return unix.SIOCSIFADDR, r.SetInet4Addr(addr.AsSlice()) },
		func(r *unix.Ifreq) (uint, error) { return unix.SIOCSIFNETMASK, r.SetInet4Addr([]byte{255, 0, 0, 0}) },
		func(r *unix.Ifreq) (uint, error) { r.SetUint32(linkMTU); return unix.SIOCSIFMTU, nil },
		func(r *unix.Ifreq) (uint, error) { r.SetUint16(unix.IFF_UP); return unix.SIOCSIFFLAGS, nil },
	}
	for i, step := range steps {
		if err := configure(linkName, step); err != nil {
			unix.Close(fd)
			return nil, fmt.Errorf("step %d of the link's configuration: %w", i, err)
		}
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
