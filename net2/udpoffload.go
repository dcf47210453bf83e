//go:build linux

package net2

import (
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// udpModes says what a program has asked of a UDP socket. The zero value is net's.
type udpModes struct{ bits atomic.Uint32 }

const (
	udpMerges  = 1 << iota // SetReceiveOffload(true)
	udpSingly              // SetSendOffload(false)
	udpInforms             // SetPacketInfo of something
)

func (m *udpModes) has(mode uint32) bool { return m.bits.Load()&mode != 0 }

func (m *udpModes) set(mode uint32, on bool) {
	if on {
		m.bits.Or(mode)
	} else {
		m.bits.And(^mode)
	}
}

// errMerged is why Read and its like fail while the kernel may merge datagrams: they could
// not say where one ends.
var errMerged = errors.New("receive offload is on, and only ReadUDPBatch can tell datagrams apart")

// SetReceiveOffload lets the kernel merge datagrams of one sender that follow each other and
// are equally long (UDP_GRO, Linux 5.0). [UDPConn.ReadUDPBatch] hands them out as one
// [UDPMessage], whose SegmentSize tells where they part; every Buffer must then have room for
// 65,535 bytes. All other methods that receive fail as long as the offload is on.
//
// Datagrams that are merged and wait in the socket when the offload is switched off come
// out merged, and without their size. So switch it off only before anything can have come.
func (c *UDPConn) SetReceiveOffload(on bool) error {
	if c == nil {
		return syscall.EINVAL
	}
	return c.setOwn(func(fd *netFD) error {
		was := fd.udp.has(udpMerges)
		if on {
			fd.udp.set(udpMerges, true) // from here on nobody may take what is merged for one datagram
		}
		if err := fd.pfd.SetsockoptInt(syscall.IPPROTO_UDP, unix.UDP_GRO, boolint(on)); err != nil {
			fd.udp.set(udpMerges, was)
			return optionError("ReceiveOffload", "setsockopt", err)
		}
		fd.udp.set(udpMerges, on)
		return nil
	})
}

// SetSendOffload says whether the kernel cuts a [UDPMessage] into its datagrams
// (UDP_SEGMENT, Linux 4.18), which it does unless it is switched off. Without the offload
// [UDPConn.WriteUDPBatch] sends each datagram by itself: the peer sees no difference.
func (c *UDPConn) SetSendOffload(on bool) {
	if c != nil && c.ok() {
		c.fd.udp.set(udpSingly, !on)
	}
}

// refused holds the destinations to which the kernel does not cut packets into datagrams: it
// answers EIO if the route there has no place where checksums are made. That is so for
// every socket, and may change with the route.
var refused refusals

const (
	refusalsMost = 256
	refusalTime  = 60 * time.Second
)

// refusals is a set of destinations, each of which is in it for refusalTime.
type refusals struct {
	any   atomic.Bool // there may be one
	mu    sync.Mutex
	until map[netip.Addr]time.Time
}

// add puts a destination into the set. If the set is full, it takes out one that is old, or
// else any other.
func (r *refusals) add(to netip.Addr, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.until == nil {
		r.until = make(map[netip.Addr]time.Time)
	}
	if _, ok := r.until[to]; !ok && len(r.until) >= refusalsMost {
		r.makeRoom(now)
	}
	r.until[to] = now.Add(refusalTime)
	r.any.Store(true)
}

func (r *refusals) makeRoom(now time.Time) {
	for addr, until := range r.until {
		if now.After(until) {
			delete(r.until, addr)
		}
	}
	for addr := range r.until {
		if len(r.until) < refusalsMost {
			return
		}
		delete(r.until, addr)
	}
}

// has reports whether a destination is in the set. It is not if any is not set.
func (r *refusals) has(to netip.Addr, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	until, ok := r.until[to]
	if ok && now.After(until) {
		delete(r.until, to)
		r.any.Store(len(r.until) > 0)
		return false
	}
	return ok
}
