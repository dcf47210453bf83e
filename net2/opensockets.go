//go:build linux

package net2

import (
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"weak"

	"golang.org/x/sys/unix"

	"go.parity/poll"
	"go.parity/socket"
)

// Connections lists the open sockets of the process, by descriptor, with what the kernel
// knows of each: also those that other packages have opened. It asks the kernel about
// each descriptor of the process, so it is for a look now and then. Package net has no
// such function.
func Connections() ([]Connection, error) {
	d, err := os.Open("/proc/self/fd")
	if err != nil {
		return nil, err
	}
	names, err := d.Readdirnames(-1)
	own := int(d.Fd())
	d.Close()
	if err != nil {
		return nil, err
	}
	var descriptors []int
	for _, name := range names {
		if s, err := strconv.Atoi(name); err == nil && s != own {
			descriptors = append(descriptors, s)
		}
	}
	slices.Sort(descriptors)
	traced := openTrace.byDescriptor()
	var list []Connection
	for _, s := range descriptors {
		if c, ok := describe(s); ok {
			traced[s].addTo(&c)
			list = append(list, c)
		}
	}
	return list, nil
}

// describe asks the kernel about a descriptor, which others may close meanwhile. It
// reports false if s is no socket, or not the same one before and after.
func describe(s int) (c Connection, ok bool) {
	cookie := socketCookie(s)
	family, errno := socket.GetsockoptInt(s, syscall.SOL_SOCKET, unix.SO_DOMAIN)
	if errno != 0 {
		return c, false
	}
	sotype, errno := socket.GetsockoptInt(s, syscall.SOL_SOCKET, unix.SO_TYPE)
	if errno != 0 {
		return c, false
	}
	proto, errno := socket.GetsockoptInt(s, syscall.SOL_SOCKET, unix.SO_PROTOCOL)
	if errno != 0 {
		return c, false
	}
	fd := &netFD{family: family, sotype: sotype, net: networkOf(family, sotype, proto)}
	var lsa, rsa socket.Sockaddr
	socket.Getsockname(s, &lsa)
	socket.Getpeername(s, &rsa)
	fd.setAddrs(&lsa, &rsa)
	c = Connection{Descriptor: s, Network: fd.net}
	if fd.net != "" {
		c.Local, c.Remote = fd.localAddr(), fd.remoteAddr()
	}
	if fd.net == "tcp" {
		var b [maxTCPInfo]byte
		n, _ := socket.Getsockopt(s, syscall.IPPROTO_TCP, syscall.TCP_INFO, b[:])
		var info TCPInfo
		info.decode(b[:n])
		c.State, c.Received, c.Sent = info.State.String(), info.BytesReceived, info.BytesSent
	}
	return c, socketCookie(s) == cookie
}

// socketCookie returns a number that no other socket of the host ever has, or 0.
func socketCookie(s int) uint64 {
	cookie, err := unix.GetsockoptUint64(s, unix.SOL_SOCKET, unix.SO_COOKIE)
	if err != nil {
		return 0
	}
	return cookie
}

// networkOf returns net's name for a kind of socket, without the IP version.
func networkOf(family, sotype, proto int) string {
	inet := family == syscall.AF_INET || family == syscall.AF_INET6
	switch {
	case family == syscall.AF_UNIX:
		return sotypeToNet(sotype)
	case inet && sotype == syscall.SOCK_RAW:
		return "ip"
	case inet && (proto == syscall.IPPROTO_TCP || proto == protoMPTCP):
		return "tcp"
	case inet && proto == syscall.IPPROTO_UDP:
		return "udp"
	}
	return ""
}

// TraceOpen sets whether each socket that this package opens from now on is noted with
// the time and the stack. [Connections] then tells both, and who waits on the socket; and
// the profile "net2.open" of [runtime/pprof] counts the open sockets by stack, so that
//
//	go tool pprof http://localhost:6060/debug/pprof/net2.open
//
// shows at one look who opens connections and does not close them. It costs some
// microseconds for each socket and for each wait. Package net has no such function.
func TraceOpen(on bool) {
	if on {
		profile := openProfile()
		openTrace.mu.Lock()
		openTrace.profile = profile
		if openTracing.records == nil {
			openTracing.records = &openTrace
		}
		openTrace.mu.Unlock()
	}
	poll.TraceWaits(on)
	openTracing.on.Store(on)
}

// openTracing says whether sockets that are opened are noted, and where.
var openTracing struct {
	on atomic.Bool

	// records is &openTrace once on was true. It is an interface, so that only a program
	// that calls TraceOpen contains the code behind it, and package pprof.
	records interface {
		add(fd *netFD)
		remove(id uint32)
	}
}

// openProfile is the profile of the open sockets. The value of each is the number that
// its netFD has. If both this package and a package net that is this one are in a
// program, they share it.
//
// It is a function and no variable, which the linker would keep, and package pprof with it.
// The caller holds openTrace.mu.
func openProfile() *pprof.Profile {
	const name = "net2.open"
	if p := pprof.Lookup(name); p != nil {
		return p
	}
	return pprof.NewProfile(name)
}

// An openRecord says who opened a socket.
type openRecord struct {
	id    uint32
	at    time.Time
	stack []uintptr
	fd    weak.Pointer[netFD] // a leaked socket must still be collected
}

// openTrace holds the sockets that were opened while TraceOpen was on and are not closed.
var openTrace openRecords

type openRecords struct {
	mu      sync.Mutex
	next    uint32
	list    map[uint32]*openRecord
	profile *pprof.Profile // openProfile's
}

// add notes that fd was opened, and gives it a number.
func (o *openRecords) add(fd *netFD) {
	const callers = 3 // runtime.Callers, add and setFinalizer
	var pcs [32]uintptr
	r := &openRecord{at: time.Now(), fd: weak.Make(fd)}
	r.stack = slices.Clone(pcs[:runtime.Callers(callers, pcs[:])])
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.list == nil {
		o.list = make(map[uint32]*openRecord)
	}
	for o.next++; o.next == 0 || o.list[o.next] != nil; {
		o.next++
	}
	r.id = o.next
	fd.openID = r.id
	o.list[r.id] = r
	o.profile.Add(r, callers-1)
}

// remove notes that the socket with the number is closed.
func (o *openRecords) remove(id uint32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r := o.list[id]; r != nil {
		o.profile.Remove(r)
		delete(o.list, id)
	}
}

// byDescriptor returns the records by the numbers of their descriptors.
func (o *openRecords) byDescriptor() map[int]*openRecord {
	o.mu.Lock()
	defer o.mu.Unlock()
	records := make(map[int]*openRecord)
	for _, r := range o.list {
		if fd := r.fd.Value(); fd != nil {
			if s, ok := fd.pfd.Descriptor(); ok {
				records[s] = r
			}
		}
	}
	return records
}

// addTo adds what the record knows, which is nothing if it is nil.
func (r *openRecord) addTo(c *Connection) {
	if r == nil {
		return
	}
	c.Opened, c.Stack = r.at, r.stack
	fd := r.fd.Value()
	if fd == nil {
		return
	}
	for _, w := range fd.pfd.Waits() {
		c.Waiters = append(c.Waiters, Waiter{Write: w.Mode == 'w', Since: w.Since, Stack: w.Stack})
	}
}
