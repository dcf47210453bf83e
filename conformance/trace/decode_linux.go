//go:build amd64 || arm64 || riscv64

package trace

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A memory reads what an argument of the traced process points to. It returns
// less than n bytes where the rest is not mapped.
type memory func(addr uint64, n int) []byte

// An object is what a descriptor stands for. It outlives the descriptor's
// number, which the kernel gives to the next.
type object struct {
	kind     string // "socket", "conn", "epoll", "file", …
	nested   bool   // an epoll that watches another: the runtime's, under net2
	watching map[uint64]*object
	name     string // which it gets when it first appears in the recording
}

// An arg is an argument or a result before descriptors and ports are named.
type arg struct {
	text string // in which %o stands for obj, %p for the port
	obj  *object
	port uint16
	list []arg // in brackets, in place of text
}

// A rawCall is one call as the tracer saw it.
type rawCall struct {
	name  string
	regs  [6]uint64
	args  []arg // without those of kind skip
	done  bool  // it has returned
	ret   int64
	errno unix.Errno
	made  *object // by this call
	on    *object // the first argument, where it is a descriptor
	fault *fault  // what happens to it, nil if that is left to the kernel
}

// blocked reports whether the call found nothing to do.
func (c *rawCall) blocked() bool { return c.errno == unix.EAGAIN && !polling[c.name] }

// A decoder follows the descriptors of one process and reads its calls.
type decoder struct {
	fds map[int]*object
}

func newDecoder() *decoder {
	return &decoder{fds: map[int]*object{
		0: {kind: "stdin"}, 1: {kind: "stdout"}, 2: {kind: "stderr"}, controlFD: {kind: "control"},
	}}
}

func (d *decoder) lookup(n int32) *object {
	if n < 0 {
		return nil
	}
	o := d.fds[int(n)]
	if o == nil {
		o = &object{kind: "fd"}
		d.fds[int(n)] = o
	}
	return o
}

func (d *decoder) descriptor(n int32) arg {
	if o := d.lookup(n); o != nil {
		return arg{text: "%o", obj: o}
	}
	return arg{text: strconv.Itoa(int(n))}
}

// enter reads a call that is about to be made.
func (d *decoder) enter(name string, regs [6]uint64, mem memory) *rawCall {
	c := &rawCall{name: name, regs: regs}
	f, known := formats[name]
	if !known {
		c.args = []arg{{text: "…"}}
		return c
	}
	for i, k := range f.args {
		if k == fd && i == 0 {
			c.on = d.lookup(int32(regs[0]))
		}
		c.args = append(c.args, d.argument(c, f.args, i, mem))
	}
	return c
}

// leave completes a call that returned and notes what it did to the
// descriptors.
func (d *decoder) leave(c *rawCall, ret int64, mem memory) {
	c.done, c.ret = true, ret
	if ret < 0 && ret > -4096 {
		c.ret, c.errno = -1, unix.Errno(-ret)
	}
	f, known := formats[c.name]
	if !known {
		return
	}
	for i, k := range f.args {
		if k > out && c.errno == 0 {
			c.args[i] = d.result(c, f.args, i, mem)
		}
	}
	// Arguments that say nothing are dropped last, so that the positions above
	// still hold.
	kept := c.args[:0]
	for i, k := range f.args {
		if k != skip && (c.args[i].text != "" || c.args[i].list != nil) {
			kept = append(kept, c.args[i])
		}
	}
	c.args = kept
	if c.errno == 0 {
		d.track(c, f)
	}
}

const dup = "-dup"

// track notes what a successful call did to the descriptors.
func (d *decoder) track(c *rawCall, f format) {
	kind := f.makes
	switch {
	case kind == "dup" || c.name == "fcntl" && (c.regs[1] == unix.F_DUPFD || c.regs[1] == unix.F_DUPFD_CLOEXEC):
		kind = strings.TrimSuffix(c.on.kind, dup) + dup
	case c.name == "socket" && c.regs[1]&0xf == unix.SOCK_DGRAM:
		kind = "dgram"
	}
	if kind != "" {
		c.made = &object{kind: kind}
		d.fds[int(c.ret)] = c.made
	}
	switch c.name {
	case "listen":
		c.on.kind = "listener"
	case "close":
		delete(d.fds, int(int32(c.regs[0])))
	case "epoll_ctl":
		target := d.lookup(int32(c.regs[2]))
		if target != nil && target.kind == "epoll" {
			c.on.nested = true
		}
	}
}

// argument reads argument i, as far as that is possible before the call.
func (d *decoder) argument(c *rawCall, kinds []kind, i int, mem memory) arg {
	v := c.regs[i]
	text := func(s string) arg { return arg{text: s} }
	switch kinds[i] {
	case number, size:
		return text(strconv.FormatInt(int64(v), 10))
	case fd:
		return d.descriptor(int32(v))
	case dirfd:
		if int32(v) == unix.AT_FDCWD {
			return text("AT_FDCWD")
		}
		return d.descriptor(int32(v))
	case family:
		return text(nameOf(families, v))
	case socktype:
		s := flags(socketFlags, v&^0xf)
		if c.name == "socket" {
			s = strings.TrimSuffix(nameOf(socketTypes, v&0xf)+"|"+s, "|0")
		}
		return text(s)
	case proto:
		return text(nameOf(protocols, v))
	case level:
		return text(nameOf(levels, v))
	case option:
		return text(nameOf(options[c.regs[1]], v))
	case optIn:
		return text(optionValue(mem(v, int(min(c.regs[i+1], 64)))))
	case addrIn:
		if c.name == "connect" && c.on != nil && c.on.kind == "socket" {
			c.on.kind = "conn" // also where it fails or is not finished
		}
		return sockaddr(mem(v, int(min(c.regs[i+1], unix.SizeofSockaddrAny))))
	case bufIn:
		return text(quote(mem(v, int(min(c.regs[i+1], shown+1))), c.regs[i+1]))
	case iovIn:
		return text(iovec(mem, v, c.regs[i+1]))
	case msgIn:
		return msghdr(mem, v)
	case pathIn:
		return text(strconv.Quote(cString(mem(v, 256))))
	case ctlOp:
		return text(nameOf(ctlOps, v))
	case event:
		return d.epollEvent(c, mem(v, eventSize))
	case command:
		return text(nameOf(commands, v))
	case cmdArg:
		switch c.regs[i-1] {
		case unix.F_SETFL:
			return text(openFlag(c, v))
		case unix.F_GETFL, unix.F_GETFD, unix.F_GETPIPE_SZ:
			return arg{}
		}
		return text(strconv.FormatInt(int64(v), 10))
	case how:
		return text(nameOf(hows, v))
	case opens:
		return text(openFlag(c, v))
	case msgs:
		return text(flags(messageFlags, v))
	case splices:
		return text(flags(spliceFlags, v))
	case millis:
		return text(strconv.Itoa(int(int32(v))))
	case offset:
		if v == 0 {
			return text("NULL")
		}
		return text(fmt.Sprintf("[%d]", le64(mem(v, 8))))
	case addrOut, optOut, bufOut, iovOut, msgOut, events, pair:
		return text("…") // until it returns; a call that failed filled nothing in
	}
	return arg{} // skip
}

// result reads argument i after the call, from the memory that it filled in.
func (d *decoder) result(c *rawCall, kinds []kind, i int, mem memory) arg {
	v, n := c.regs[i], max(c.ret, 0)
	text := func(s string) arg { return arg{text: s} }
	switch kinds[i] {
	case addrOut:
		if v == 0 {
			return text("NULL")
		}
		length := le32(mem(c.regs[i+1], 4))
		return sockaddr(mem(v, int(min(length, unix.SizeofSockaddrAny))))
	case optOut:
		length := le32(mem(c.regs[i+1], 4))
		if c.regs[1] == unix.SOL_SOCKET && c.regs[2] == unix.SO_ERROR {
			if errno := le32(mem(v, 4)); errno != 0 {
				return text(unix.ErrnoName(unix.Errno(errno)))
			}
		}
		return text(optionValue(mem(v, int(min(length, 64)))))
	case bufOut:
		return text(quote(mem(v, int(min(n, shown+1))), uint64(n)))
	case iovOut:
		return text(fmt.Sprintf("[%d bytes]", n))
	case msgOut:
		return msghdr(mem, v)
	case events:
		told := arg{list: []arg{}}
		for b := mem(v, int(n)*eventSize); len(b) >= eventSize; b = b[eventSize:] {
			a := arg{text: flags(epollFlags, uint64(le32(b))), obj: c.on.watching[eventData(b)]}
			if a.obj != nil {
				a.text = "%o " + a.text
			}
			told.list = append(told.list, a)
		}
		return told
	case pair:
		b := mem(v, 8)
		r, w := &object{kind: "pipe-out"}, &object{kind: "pipe-in"}
		d.fds[int(le32(b))], d.fds[int(le32(b[4:]))] = r, w
		return arg{list: []arg{{text: "%o", obj: r}, {text: "%o", obj: w}}}
	}
	return arg{}
}

// epollEvent reads the event of an epoll_ctl and remembers which object its data
// stands for.
func (d *decoder) epollEvent(c *rawCall, b []byte) arg {
	if c.regs[1] == unix.EPOLL_CTL_DEL || len(b) < eventSize {
		return arg{} // ignored by the kernel
	}
	if c.on != nil {
		if c.on.watching == nil {
			c.on.watching = map[uint64]*object{}
		}
		c.on.watching[eventData(b)] = d.lookup(int32(c.regs[2]))
	}
	return arg{text: flags(epollFlags, uint64(le32(b)))}
}

// eventSize is the size of struct epoll_event, which is packed on amd64; its
// data are the last eight bytes.
var eventSize = binary.Size(unix.EpollEvent{})

func eventData(b []byte) uint64 { return le64(b[eventSize-8:]) }

// shown is how many bytes of a buffer are written out.
const shown = 24

// quote writes the first bytes of a buffer of n bytes.
func quote(b []byte, n uint64) string {
	if n > shown {
		return fmt.Sprintf("[%d bytes]", n)
	}
	return strconv.Quote(string(b))
}

func iovec(mem memory, addr, n uint64) string {
	var lens []string
	b := mem(addr, int(min(n, 16))*16)
	for ; len(b) >= 16; b = b[16:] {
		base, length := le64(b), le64(b[8:])
		lens = append(lens, quote(mem(base, int(min(length, shown+1))), length))
	}
	return "[" + strings.Join(lens, ", ") + "]"
}

// msghdr reads a struct msghdr: the address, the buffers, and how many bytes
// of control messages there are.
func msghdr(mem memory, addr uint64) arg {
	b := mem(addr, 56)
	if len(b) < 56 {
		return arg{text: "…"}
	}
	a := arg{text: "NULL"}
	if name, n := le64(b), le32(b[8:]); name != 0 && n != 0 {
		a = sockaddr(mem(name, int(min(n, unix.SizeofSockaddrAny))))
	}
	a.text = fmt.Sprintf("{%s, %s, control %d}", a.text, iovec(mem, le64(b[16:]), le64(b[24:])), le64(b[40:]))
	return a
}

// sockaddr writes an address with a name for its port: it matters whose port it
// is, not which number the kernel gave it.
func sockaddr(b []byte) arg {
	if len(b) < 2 {
		return arg{text: "NULL"}
	}
	var ip netip.Addr
	switch binary.NativeEndian.Uint16(b) {
	case unix.AF_INET:
		if len(b) < unix.SizeofSockaddrInet4 {
			return arg{text: "…"}
		}
		ip = netip.AddrFrom4([4]byte(b[4:8]))
	case unix.AF_INET6:
		if len(b) < unix.SizeofSockaddrInet6 {
			return arg{text: "…"}
		}
		ip = netip.AddrFrom16([16]byte(b[8:24]))
		if zone := le32(b[24:]); zone != 0 {
			ip = ip.WithZone(strconv.Itoa(int(zone)))
		}
	case unix.AF_UNIX:
		if len(b) == 2 {
			return arg{text: "unnamed"}
		}
		return arg{text: strconv.Quote(cString(b[2:]))}
	case unix.AF_UNSPEC:
		return arg{text: "AF_UNSPEC"}
	default:
		return arg{text: "…"}
	}
	port := binary.BigEndian.Uint16(b[2:])
	if port == 0 {
		return arg{text: netip.AddrPortFrom(ip, 0).String()}
	}
	host := ip.String()
	if ip.Is6() {
		host = "[" + host + "]"
	}
	return arg{text: host + ":%p", port: port}
}

// openFlag writes the flags of open(2) or of a call whose flags have the same
// values under names of their own.
func openFlag(c *rawCall, v uint64) string {
	const largeFile = 0x8000 // only the kernel sets it; O_LARGEFILE is 0 where it has no meaning
	s := flags(openFlags, v&^largeFile)
	switch c.name {
	case "eventfd2":
		s = strings.ReplaceAll(s, "O_", "EFD_")
	case "epoll_create1":
		s = strings.ReplaceAll(s, "O_", "EPOLL_")
	}
	return s
}

func optionValue(b []byte) string {
	if len(b) == 4 {
		return strconv.Itoa(int(int32(le32(b))))
	}
	return fmt.Sprintf("[%d bytes]", len(b))
}

func cString(b []byte) string {
	s, _, _ := bytes.Cut(b, []byte{0})
	return string(s)
}

// Every architecture that the package records is little-endian. What could not
// be read is 0.

func le32(b []byte) uint32 {
	if len(b) < 4 {
		return 0
	}
	return binary.LittleEndian.Uint32(b)
}

func le64(b []byte) uint64 {
	if len(b) < 8 {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}
