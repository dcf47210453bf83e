//go:build linux

package netns

import (
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"
)

// linkMTU is the largest packet that the hosts' own links take.
const linkMTU = 1500

// A router carries packets between two hosts, as its weather permits.
type router struct {
	family  *family
	hosts   [2]*host
	reading sync.WaitGroup

	mu       sync.Mutex
	weather  weather
	chance   *rand.Rand
	carried  int // in this weather
	lost     int // in this weather
	answered int // in this weather
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

func newRouter(f *family, a, b *host) *router {
	r := &router{family: f, hosts: [2]*host{a, b}, chance: rand.New(rand.NewPCG(16, 4))}
	for _, h := range r.hosts {
		r.reading.Go(func() { r.carry(h) })
	}
	return r
}

// set changes the weather, and what is on the way then is lost or arrives.
func (r *router) set(w weather) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.weather, r.carried, r.lost, r.answered = w, 0, 0, 0
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
		if to, ok := destination(buf[:n]); ok {
			r.route(from, to, append([]byte(nil), buf[:n]...))
		}
	}
}

// route decides about one packet.
func (r *router) route(from *host, to netip.Addr, p []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := &r.weather
	if w.cutIn > 0 && r.carried >= w.cutIn {
		w.cut = true
	}
	if r.closed || w.cut || w.vanish[to] || r.chance.Float64() < w.loss {
		r.lost++
		return
	}
	if answer, ok := w.refuse[to]; ok {
		r.answer(from, answer.about(p, r.family.router, 0))
		return
	}
	if w.mtu > 0 && len(p) > w.mtu {
		if !w.silent {
			r.answer(from, r.family.tooBig.about(p, r.family.router, w.mtu))
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

// answer gives a host what the router says of its packet. The host has heard of it when
// the write returns.
func (r *router) answer(to *host, message []byte) {
	to.link.Write(message)
	r.answered++
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
