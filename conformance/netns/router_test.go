//go:build linux

package netns

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"
)

// linkMTU is the largest packet that the hosts' own links take.
const linkMTU = 1500

// A router carries packets between two hosts, as its weather permits.
type router struct {
	hosts   [2]*host
	reading sync.WaitGroup

	mu       sync.Mutex
	weather  weather
	chance   *rand.Rand
	carried  int // in this weather
	lost     int // in this weather
	closed   bool
	onTheWay sync.WaitGroup // packets that are delayed
}

// A weather is what becomes of packets. The zero weather is fine.
type weather struct {
	cut    bool                // nothing gets through, and nobody hears of it
	loss   float64             // the part of the packets that is lost
	double float64             // the part that comes twice
	delay  time.Duration       // the longest time a packet takes; some overtake others
	mtu    int                 // larger packets do not get through
	silent bool                // nor does their sender hear of it
	refuse map[netip.Addr]icmp // for these destinations the router answers itself
	vanish map[netip.Addr]bool // these it swallows
	cutIn  int                 // cut when so many packets have got through, if not 0
}

// An icmp is what a router says about a packet that it does not carry.
type icmp struct{ kind, code byte }

const (
	unreachable   = 3
	tooBig        = 4
	routerAddress = "10.255.255.254"
)

func newRouter(a, b *host) *router {
	r := &router{hosts: [2]*host{a, b}, chance: rand.New(rand.NewPCG(16, 4))}
	for _, h := range r.hosts {
		r.reading.Go(func() { r.carry(h) })
	}
	return r
}

// set changes the weather, and what is on the way then is lost or arrives.
func (r *router) set(w weather) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.weather, r.carried, r.lost = w, 0, 0
}

// packets returns how many packets have got through in this weather, and how
// many have not.
func (r *router) packets() (carried, lost int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.carried, r.lost
}

// close ends the router. Closing a host's end of the link ends the router's
// goroutine that reads it.
func (r *router) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	for _, h := range r.hosts {
		h.close()
	}
	r.reading.Wait()
	r.onTheWay.Wait()
}

// carry reads what a host sends until the link is closed.
func (r *router) carry(from *host) {
	buf := make([]byte, 1<<16)
	for {
		n, err := from.link.Read(buf)
		if err != nil {
			return
		}
		if p := buf[:n]; n >= 20 && p[0]>>4 == 4 {
			r.route(from, append([]byte(nil), p...))
		}
	}
}

// route decides about one packet.
func (r *router) route(from *host, p []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := &r.weather
	to := netip.AddrFrom4([4]byte(p[16:20]))
	if w.cutIn > 0 && r.carried >= w.cutIn {
		w.cut = true
	}
	if r.closed || w.cut || w.vanish[to] || r.chance.Float64() < w.loss {
		r.lost++
		return
	}
	if answer, ok := w.refuse[to]; ok {
		from.link.Write(answer.about(p, 0))
		return
	}
	if w.mtu > 0 && len(p) > w.mtu {
		if !w.silent {
			from.link.Write(icmp{unreachable, tooBig}.about(p, w.mtu))
		}
		return
	}
	for _, h := range r.hosts {
		if h.addr == to {
			r.deliver(h, p)
			if r.chance.Float64() < w.double {
				r.deliver(h, p)
			}
		}
	}
}

// deliver gives a host a packet, sooner or later.
func (r *router) deliver(to *host, p []byte) {
	r.carried++
	if r.weather.delay == 0 {
		to.link.Write(p)
		return
	}
	r.onTheWay.Add(1)
	time.AfterFunc(time.Duration(r.chance.Int64N(int64(r.weather.delay))), func() {
		defer r.onTheWay.Done()
		to.link.Write(p)
	})
}

// about returns the router's message to the sender of a packet.
func (m icmp) about(p []byte, mtu int) []byte {
	quote := p[:min(len(p), int(p[0]&15)*4+8)]
	answer := make([]byte, 20+8, 20+8+len(quote))
	answer = append(answer, quote...)
	ip, body := answer[:20], answer[20:]
	ip[0], ip[8], ip[9] = 4<<4|5, 64, 1 // version and length, time to live, ICMP
	binary.BigEndian.PutUint16(ip[2:], uint16(len(answer)))
	router := netip.MustParseAddr(routerAddress).As4()
	copy(ip[12:], router[:])
	copy(ip[16:], p[12:16])
	binary.BigEndian.PutUint16(ip[10:], checksum(ip))
	body[0], body[1] = m.kind, m.code
	binary.BigEndian.PutUint16(body[6:], uint16(mtu))
	binary.BigEndian.PutUint16(body[2:], checksum(body))
	return answer
}

// checksum is the sum that ends the headers of IP and ICMP.
func checksum(b []byte) uint16 {
	sum := uint32(0)
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) > 0 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
