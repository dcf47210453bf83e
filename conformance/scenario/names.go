//go:build linux

package scenario

import (
	"context"
	"net"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/host"
)

// lookups records what every look-up of a host's addresses returns for name.
func lookups(t *T, s *nameServer, r *net.Resolver, name string) {
	ctx := t.ctx
	t.Op("LookupHost " + name)(r.LookupHost(ctx, name))
	t.Op("LookupIPAddr " + name)(r.LookupIPAddr(ctx, name))
	for _, network := range []string{"ip", "ip4", "ip6"} {
		t.Op("LookupIP " + network + " " + name)(r.LookupIP(ctx, network, name))
	}
	t.Op("LookupNetIP " + name)(r.LookupNetIP(ctx, "ip", name))
	t.Op("LookupCNAME " + name)(r.LookupCNAME(ctx, name))
	t.Rec("asked", s.questions())
}

// records records what every other look-up returns for name.
func records(t *T, s *nameServer, r *net.Resolver, name string) {
	ctx := t.ctx
	t.Op("LookupMX " + name)(r.LookupMX(ctx, name))
	t.Op("LookupNS " + name)(r.LookupNS(ctx, name))
	t.Op("LookupTXT " + name)(r.LookupTXT(ctx, name))
	t.Op("LookupSRV " + name)(r.LookupSRV(ctx, "", "", name))
	t.Rec("asked", s.questions())
}

var names = []Scenario{
	{
		Name: "names/lookup/addresses",
		Doc:  "every look-up of addresses, of names with one family, both, several, an alias",
		run:  namesLookupAddresses,
	},
	{
		Name: "names/lookup/failures",
		Doc:  "names that don't exist, have no addresses, dangle, and servers that fail, refuse or know nothing",
		run:  namesLookupFailures,
	},
	{
		Name: "names/lookup/bad-names",
		Doc:  "malformed names, for which no question goes out, and literals, which need no question",
		run:  namesLookupBadNames,
	},
	{
		Name: "names/records/good",
		Doc:  "mail servers, name servers, texts, services and names of addresses, in the order that the look-up returns",
		run:  namesRecordsGood,
	},
	{
		Name: "names/records/bad",
		Doc:  "the look-up leaves out records with malformed names and returns an error; unusual questions and failures",
		run:  namesRecordsBad,
	},
	{
		Name: "names/transport/truncated",
		Doc:  "an answer that is cut over UDP, which the resolver asks for again over TCP; a TCP answer that ends too early",
		run:  namesTransportTruncated,
	},
	{
		Name: "names/transport/noise",
		Doc:  "the resolver passes over garbage and answers to other questions, and asks a server that failed once again",
		run:  namesTransportNoise,
	},
	{
		Name: "names/transport/no-server",
		Doc:  "nobody at the server's port, a Dial hook that fails, and one that returns a stream instead of a packet connection",
		run:  namesTransportNoServer,
	},
	{
		Name: "names/time/deadline",
		Doc:  "a server that is silent, with little time and with none",
		run:  namesTimeDeadline,
	},
	{
		Name:  "names/time/cancel",
		Doc:   "a look-up that is cancelled before it begins and while the server is silent",
		needs: []host.Need{host.Loopback},
		run:   namesTimeCancel,
	},
	{
		Name: "names/strict/errors",
		Doc:  "one family's question fails: the look-up returns the other's answer, unless errors are strict",
		run:  namesStrictErrors,
	},
	{
		Name:  "names/hosts/file",
		Doc:   "names and addresses of /etc/hosts, for which the resolver asks no server",
		needs: []host.Need{host.Localhost},
		run:   namesHostsFile,
	},
	{
		Name: "names/default/every-function",
		Doc:  "every function that looks up names asks the DefaultResolver that the program has assigned",
		run:  namesDefaultEveryFunction,
	},
	{
		Name: "names/resolve/addresses",
		Doc:  "ResolveTCPAddr, ResolveUDPAddr, ResolveIPAddr and ResolveUnixAddr of names, literals and nonsense",
		run:  namesResolveAddresses,
	},
	{
		Name: "names/port/services",
		Doc:  "LookupPort of numbers, names and nonsense, on every network",
		run:  namesPortServices,
	},
	{
		Name:  "dialer/names/families",
		Doc:   "dial a name of both families with somebody on either, both or none: who is reached, or which error comes",
		needs: []host.Need{host.IPv6},
		run:   dialerNamesFamilies,
	},
	{
		Name:  "dialer/names/fallback-delay",
		Doc:   "the first family hangs: after the delay the dial tries the other, which wins, and nothing of the first is left",
		needs: []host.Need{host.IPv6},
		run:   dialerNamesFallbackDelay,
	},
	{
		Name: "dialer/names/several",
		Doc:  "a name with several addresses: the dial tries them in order, shares out its time, and returns the first error",
		run:  dialerNamesSeveral,
	},
	{
		Name:  "dialer/names/errors",
		Doc:   "dials whose look-up fails, has no address that fits, takes too long or is cancelled",
		needs: []host.Need{host.Loopback},
		run:   dialerNamesErrors,
	},
	{
		Name: "dialer/trace/hooks",
		Doc:  "the hooks of an HTTP trace that a dial's context carries: which ones the dial calls, with what",
		run:  dialerTraceHooks,
	},
}

func namesLookupAddresses(t *T) {
	s := t.nameServer()
	r := s.resolver()
	for _, name := range []string{"four.example.", "six.example.", "both.example.", "many.example.", "alias.example.", "FOUR.Example."} {
		lookups(t, s, r, name)
	}
}

func namesLookupFailures(t *T) {
	s := t.nameServer()
	r := s.resolver()
	for _, name := range []string{
		"nowhere.example.", "empty-x.example.", "dangling.example.", "mail.example.",
		"servfail-four.example.", "refused-four.example.", "lame-four.example.",
	} {
		lookups(t, s, r, name)
	}
}

func namesLookupBadNames(t *T) {
	s := t.nameServer()
	r := s.resolver()
	for _, name := range []string{
		"", ".", "..", "a..b.", "no good.example.", "-dash.example.", "under_score.example.", strings.Repeat("x", 64) + ".example.",
		strings.Repeat("a.", 130), "hidden.onion", "127.0.0.1", "::1", "fe80::1%lo", "127.0.0.1.", "1.2.3", "256.1.1.1.", "[::1]", "::ffff:127.0.0.1",
	} {
		if name == "1.2.3" {
			name += "." // so that the resolver tries no search domains
		}
		lookups(t, s, r, name)
	}
	for _, network := range []string{"", "tcp", "ip5", "ip4:icmp", "ip:nosuchproto", "unix"} {
		t.Op("LookupIP " + network)(r.LookupIP(t.ctx, network, "four.example."))
		t.Op("LookupNetIP " + network)(r.LookupNetIP(t.ctx, network, "four.example."))
	}
}

func namesRecordsGood(t *T) {
	s := t.nameServer()
	r := s.resolver()
	for _, name := range []string{"mail.example.", "names.example.", "text.example.", "_service._tcp.example."} {
		records(t, s, r, name)
	}
	t.Op("LookupSRV")(r.LookupSRV(t.ctx, "service", "tcp", "example."))
	for _, addr := range []string{"192.0.2.7", "2001:db8::7", "::ffff:192.0.2.7", "192.0.2.99"} {
		t.Op("LookupAddr " + addr)(r.LookupAddr(t.ctx, addr))
	}
	t.Rec("asked", s.questions())
}

func namesRecordsBad(t *T) {
	s := t.nameServer()
	r := s.resolver()
	for _, name := range []string{"badmail.example.", "badnames.example.", "_bad._tcp.example.", "nowhere.example.", "empty-mail.example.", "servfail-mail.example.", "", "a..b."} {
		records(t, s, r, name)
	}
	t.Op("LookupSRV")(r.LookupSRV(t.ctx, "bad", "tcp", "example."))
	for _, addr := range []string{"192.0.2.8", "", "localhost", "192.0.2", "fe80::1%lo", "192.0.2.7:80"} {
		t.Op("LookupAddr " + addr)(r.LookupAddr(t.ctx, addr))
	}
	t.Rec("asked", s.questions())
}

func namesTransportTruncated(t *T) {
	s := t.nameServer()
	r := s.resolver()
	lookups(t, s, r, "tc-both.example.")
	records(t, s, r, "tc-mail.example.")
	t.Op("LookupHost cut again")(r.LookupHost(t.ctx, "tccut-four.example."))
	t.Rec("asked", s.questions())
}

func namesTransportNoise(t *T) {
	s := t.nameServer()
	r := s.resolver()
	lookups(t, s, r, "noise-both.example.")
	t.Op("LookupIP flaky")(r.LookupIP(t.ctx, "ip4", "flaky-four.example."))
	t.Rec("asked", s.questions())
	t.Op("LookupIP garbage")(r.LookupIP(within(t, 30*time.Millisecond), "ip4", "garbage-four.example."))
}

func namesTransportNoServer(t *T) {
	gone := t.FreeUDPPort()
	r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return t.DialerDialContext(ctx, Dialer{}, network, t.hostPort("127.0.0.1", &net.UDPAddr{Port: gone}))
	}}
	t.Op("refused")(r.LookupIP(t.ctx, "ip4", "four.example."))
	t.Op("refused TXT")(r.LookupTXT(t.ctx, "text.example."))
	r = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errScript }}
	t.Op("hook fails")(r.LookupIP(t.ctx, "ip4", "four.example."))
	s := t.nameServer()
	r = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return s.dial(ctx, "tcp")
	}}
	t.Op("always TCP")(r.LookupIP(t.ctx, "ip4", "four.example."))
	t.Rec("asked", s.questions())
	r = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		c, err := t.Dial("tcp", s.address)
		if err == nil {
			c.Close()
		}
		return c, err
	}}
	t.Op("closed connection")(r.LookupIP(t.ctx, "ip4", "four.example."))
}

func namesTimeDeadline(t *T) {
	s := t.nameServer()
	r := s.resolver()
	hosts, err := r.LookupHost(within(t, 20*time.Millisecond), "silent-four.example.")
	t.Rec("LookupHost", hosts, timedOut(err))
	text, err := r.LookupTXT(within(t, 20*time.Millisecond), "silent-text.example.")
	t.Rec("LookupTXT", text, timedOut(err))
	t.Op("LookupIPAddr")(r.LookupIPAddr(within(t, 20*time.Millisecond), "silent-four.example."))
	t.Op("LookupIPAddr without time")(r.LookupIPAddr(within(t, -time.Second), "silent-four.example."))
	t.Op("LookupMX without time")(r.LookupMX(within(t, -time.Second), "mail.example."))
}

func namesTimeCancel(t *T) {
	s := t.nameServer()
	r := s.resolver()
	ctx, cancel := context.WithCancel(t.ctx)
	cancel()
	t.Op("before")(r.LookupHost(ctx, "four.example."))
	t.Op("TXT before")(r.LookupTXT(ctx, "text.example."))
	ctx, cancel = context.WithCancel(t.ctx)
	k := t.Go(func() []any { return all(r.LookupIPAddr(ctx, "silent-four.example.")) })
	<-s.hearing
	cancel()
	t.Rec("during", k.Wait()...)
	ctx, cancel = context.WithCancel(t.ctx)
	k = t.Go(func() []any { return all(r.LookupIPAddr(ctx, "four.example.")) })
	t.Rec("not cancelled", k.Wait()...)
	cancel()
}

func namesStrictErrors(t *T) {
	s := t.nameServer()
	for _, strict := range []bool{false, true} {
		r := s.resolver()
		r.StrictErrors = strict
		t.Op("LookupIPAddr servfail")(r.LookupIPAddr(t.ctx, "servfail-both.example."))
		t.Op("LookupIPAddr flaky")(r.LookupIPAddr(t.ctx, "flaky-both.example."))
		t.Op("LookupHost")(r.LookupHost(t.ctx, "nowhere.example."))
	}
}

func namesHostsFile(t *T) {
	s := t.nameServer()
	r := s.resolver()
	for _, name := range []string{"localhost", "LOCALHOST", "localhost."} {
		t.Op("LookupHost " + name)(r.LookupHost(t.ctx, name))
		t.Op("LookupIP ip4 " + name)(r.LookupIP(t.ctx, "ip4", name))
		t.Op("LookupCNAME " + name)(r.LookupCNAME(t.ctx, name))
	}
	t.Op("LookupAddr")(r.LookupAddr(t.ctx, "127.0.0.1"))
	t.Rec("asked", s.questions())
}

func namesDefaultEveryFunction(t *T) {
	s := t.nameServer()
	defer t.SwapDefaultResolver(s.resolver())()
	t.Op("LookupHost")(t.LookupHost("both.example."))
	t.Op("LookupIP")(t.LookupIP("both.example."))
	t.Op("LookupCNAME")(t.LookupCNAME("alias.example."))
	t.Op("LookupMX")(t.LookupMX("mail.example."))
	t.Op("LookupNS")(t.LookupNS("names.example."))
	t.Op("LookupTXT")(t.LookupTXT("text.example."))
	t.Op("LookupSRV")(t.LookupSRV("service", "tcp", "example."))
	t.Op("LookupAddr")(t.LookupAddr("192.0.2.7"))
	t.Op("LookupPort")(t.LookupPort("tcp", "http"))
	t.Rec("asked", s.questions())
	t.Op("ResolveTCPAddr")(t.ResolveTCPAddr("tcp", "both.example.:80"))
	t.Op("ResolveUDPAddr")(t.ResolveUDPAddr("udp6", "both.example.:80"))
	t.Op("ResolveIPAddr")(t.ResolveIPAddr("ip", "both.example."))
	t.Rec("asked", s.questions())
	l, err := t.Listen("tcp", "four.example.:0")
	t.Rec("Listen", l, err)
	t.Check(err)
	t.Keep(l)
	t.Rec("addr", l.Addr())
	p, err := t.ListenPacket("udp", "four.example.:0")
	t.Rec("ListenPacket", p, err)
	t.Keep(p)
	t.Rec("asked", s.questions())
	c, err := t.Dial("tcp", t.hostPort("four.example.", l.Addr()))
	rec(t, "Dial", c, err)
	c, err = t.DialTimeout("udp", "both.example.:9", time.Minute)
	rec(t, "DialTimeout", c, err)
	c, err = t.DialerDial(Dialer{}, "tcp", t.hostPort("nowhere.example.", l.Addr()))
	t.Rec("Dialer.Dial", c, err)
	t.Rec("asked", s.questions())
	l, err = t.Listen("tcp", "nowhere.example.:0")
	t.Rec("Listen on an unknown name", l, err)
	l, err = t.ConfigListen(t.ctx, ListenConfig{}, "tcp4", "six.example.:0")
	t.Rec("Listen on a name of the other family", l, err)
}

func namesResolveAddresses(t *T) {
	s := t.nameServer()
	defer t.SwapDefaultResolver(s.resolver())()
	for _, network := range []string{"tcp", "tcp4", "tcp6", ""} {
		for _, address := range []string{
			"", ":", ":80", "both.example.:80", "[both.example.]:80", "four.example.:http", "six.example.:80", "nowhere.example.:80",
			"127.0.0.1:80", "[::1]:80", "[::1%lo]:80", "[::]:80", "127.0.0.1", "127.0.0.1:65536", "127.0.0.1:nosuchservice", "::1:80",
		} {
			t.Op("ResolveTCPAddr " + network + " " + address)(t.ResolveTCPAddr(network, address))
			u := network
			if u != "" {
				u = "udp" + network[3:]
			}
			t.Op("ResolveUDPAddr " + u + " " + address)(t.ResolveUDPAddr(u, address))
		}
	}
	for _, network := range []string{"ip", "ip4", "ip6", "", "ip4:icmp", "ip:nosuchproto"} {
		for _, address := range []string{"", "both.example.", "[both.example.]", "six.example.", "127.0.0.1", "::1", "::1%lo", "::", "nowhere.example.", "127.0.0.1:80"} {
			t.Op("ResolveIPAddr " + network + " " + address)(t.ResolveIPAddr(network, address))
		}
	}
	for _, network := range []string{"tcp5", "unix", "ip4:", "TCP"} {
		t.Op("ResolveTCPAddr " + network)(t.ResolveTCPAddr(network, "127.0.0.1:80"))
		t.Op("ResolveUDPAddr " + network)(t.ResolveUDPAddr(network, "127.0.0.1:80"))
		t.Op("ResolveIPAddr " + network)(t.ResolveIPAddr(network, "127.0.0.1"))
	}
	for _, network := range []string{"unix", "unixgram", "unixpacket", "", "unixstream", "tcp"} {
		t.Op("ResolveUnixAddr " + network)(t.ResolveUnixAddr(network, "/some/path"))
	}
}

func namesPortServices(t *T) {
	defer t.goResolver()()
	for _, network := range []string{"tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "ip", "", "ip4", "unix", "sctp"} {
		for _, service := range []string{"", "0", "80", "65535", "65536", "-1", "+80", "080", "1e1", "http", "HTTP", "domain", "nosuchservice", "http ", strings.Repeat("x", 100)} {
			t.Op("LookupPort " + network + " " + service)(t.LookupPort(network, service))
		}
	}
}

func dialerNamesFamilies(t *T) {
	s := t.nameServer()
	r := s.resolver()
	for listening, hosts := range inOrder(
		named[[]string]{"IPv4", []string{"127.0.0.1"}},
		named[[]string]{"IPv6", []string{"::1"}},
		named[[]string]{"both", []string{"127.0.0.1", "::1"}},
		named[[]string]{"none", nil},
	) {
		port := t.onBoth(hosts)
		for _, network := range []string{"tcp", "tcp4", "tcp6"} {
			for delay, d := range inOrder(
				named[Dialer]{"at once", Dialer{Resolver: r}},
				named[Dialer]{"without fallback", Dialer{Resolver: r, FallbackDelay: -1}},
				named[Dialer]{"dual stack", Dialer{Resolver: r, DualStack: true}},
			) {
				c, err := t.DialerDial(d, network, t.hostPort("both.example.", &net.TCPAddr{Port: port}))
				rec(t, listening+" listening: "+network+" "+delay, c, err)
			}
		}
	}
}

func dialerNamesFallbackDelay(t *T) {
	s := t.nameServer()
	hole := t.BlackHole6()
	l, err := t.ListenTCP("tcp4", &net.TCPAddr{IP: net.IP{127, 0, 0, 1}, Port: hole.Port})
	t.Check(err)
	t.Keep(l)
	const (
		delay  = 20 * time.Millisecond
		enough = 150 * time.Millisecond // for the name server to answer
	)
	var hanging atomic.Pointer[syscall.RawConn]
	d := Dialer{Resolver: s.resolver(), FallbackDelay: delay, Control: func(network, _ string, c syscall.RawConn) error {
		if network == "tcp6" {
			hanging.Store(&c)
		}
		return nil
	}}
	start := time.Now()
	c, err := t.DialerDial(d, "tcp", t.hostPort("both.example.", hole))
	rec(t, "dial", c, err)
	t.Rec("waited", time.Since(start) >= delay)
	t.Until("the dial that hangs is given up", func() bool {
		return (*hanging.Load()).Control(func(uintptr) {}) != nil
	})
	c, err = t.DialerDial(Dialer{Resolver: s.resolver(), FallbackDelay: -1, Timeout: enough}, "tcp", t.hostPort("both.example.", hole))
	t.Rec("without fallback", c, anyTimeout(err))
	c, err = t.DialerDial(Dialer{Resolver: s.resolver(), FallbackDelay: time.Hour, Timeout: enough}, "tcp", t.hostPort("both.example.", hole))
	t.Rec("fallback too late", c, anyTimeout(err))
}

func dialerNamesSeveral(t *T) {
	s := t.nameServer()
	r := s.resolver()
	l, err := t.ListenTCP("tcp", &net.TCPAddr{IP: net.IP{127, 0, 0, 23}})
	t.Check(err)
	t.Keep(l)
	var tried []string
	d := Dialer{Resolver: r, Control: func(network, address string, c syscall.RawConn) error {
		tried = append(tried, address)
		return nil
	}}
	c, err := t.DialerDial(d, "tcp", t.hostPort("many.example.", l.Addr()))
	rec(t, "the third listens", c, err)
	t.Rec("tried", tried)
	tried = nil
	t.Check(l.Close())
	c, err = t.DialerDial(d, "tcp", t.hostPort("many.example.", l.Addr()))
	t.Rec("nobody listens", c, err)
	t.Rec("tried", tried)
	tried = nil
	ctx, cancel := context.WithCancel(t.ctx)
	d.Control = func(network, address string, c syscall.RawConn) error {
		tried = append(tried, address)
		cancel()
		return errScript
	}
	c, err = t.DialerDialContext(ctx, d, "tcp", t.hostPort("many.example.", l.Addr()))
	t.Rec("cancelled after the first", c, err)
	t.Rec("tried", tried)
	d.Control = func(string, string, syscall.RawConn) error { return errScript }
	c, err = t.DialerDial(d, "udp", t.hostPort("many.example.", l.Addr()))
	t.Rec("udp, failing control", c, err)
	c, err = t.DialerDial(Dialer{Resolver: r, Timeout: 150 * time.Millisecond}, "tcp", t.hostPort("many.example.", t.BlackHoleAt([4]byte{127, 0, 0, 21})))
	t.Rec("the first hangs", c, anyTimeout(err))
}

func dialerNamesErrors(t *T) {
	s := t.nameServer()
	r := s.resolver()
	for _, address := range []string{"nowhere.example.:80", "six.example.:80", "servfail-four.example.:80", "four.example.", "four.example.:nosuchservice", "four.example.:70000"} {
		c, err := t.DialerDial(Dialer{Resolver: r}, "tcp4", address)
		t.Rec("dial "+address, c, err)
		t.Keep(c)
	}
	c, err := t.DialerDial(Dialer{Resolver: r, LocalAddr: &net.TCPAddr{IP: net.IPv6loopback}}, "tcp", "four.example.:80")
	t.Rec("local address of the other family", c, err)
	c, err = t.DialerDial(Dialer{Resolver: r, LocalAddr: &net.UDPAddr{}}, "tcp", "four.example.:80")
	t.Rec("local address of another type", c, err)
	c, err = t.DialerDial(Dialer{Resolver: r, Timeout: 20 * time.Millisecond}, "tcp", "silent-four.example.:80")
	t.Rec("no time", c, err)
	ctx, cancel := context.WithCancel(t.ctx)
	for range len(s.hearing) {
		<-s.hearing
	}
	k := t.Go(func() []any {
		return all(t.DialerDialContext(ctx, Dialer{Resolver: r}, "tcp4", "silent-four.example.:80"))
	})
	<-s.hearing
	cancel()
	t.Rec("cancelled", k.Wait()...)
	stop := make(chan struct{})
	k = t.Go(func() []any {
		return all(t.DialerDial(Dialer{Resolver: r, Cancel: stop}, "tcp4", "silent-four.example.:80"))
	})
	<-s.hearing
	close(stop)
	t.Rec("cancelled by channel", k.Wait()...)
}

func dialerTraceHooks(t *T) {
	s := t.nameServer()
	l := t.ListenTCP4()
	ctx := httptrace.WithClientTrace(t.ctx, &httptrace.ClientTrace{
		DNSStart:     func(i httptrace.DNSStartInfo) { t.Rec("DNSStart", i.Host) },
		DNSDone:      func(i httptrace.DNSDoneInfo) { t.Rec("DNSDone", len(i.Addrs), i.Err, i.Coalesced) },
		ConnectStart: func(network, addr string) { t.Rec("ConnectStart", network, addr) },
		ConnectDone:  func(network, addr string, err error) { t.Rec("ConnectDone", network, addr, err) },
	})
	for _, address := range []string{l.Addr().String(), t.hostPort("four.example.", l.Addr()), t.hostPort("nowhere.example.", l.Addr()), "127.0.0.1:1", "bad address"} {
		c, err := t.DialerDialContext(ctx, Dialer{Resolver: s.resolver()}, "tcp4", address)
		t.Rec("dial "+address, c, err)
		t.Keep(c)
	}
	u, err := t.DialerDialContext(ctx, Dialer{}, "udp", "127.0.0.1:9")
	t.Rec("dial udp", u, err)
	t.Keep(u)
}

// timedOut makes one error of those that a question returns when its time is
// over: a few microseconds decide whether the resolver notices while it waits
// for the answer, or when it is about to ask again.
func timedOut(err error) error {
	if e, ok := err.(*net.DNSError); ok && e.IsTimeout && strings.HasSuffix(e.Err, "i/o timeout") {
		return &net.DNSError{Err: "i/o timeout", Name: e.Name, Server: e.Server, IsTimeout: e.IsTimeout, IsTemporary: e.IsTemporary, IsNotFound: e.IsNotFound}
	}
	return err
}

// within is a context of the script's with a deadline.
func within(t *T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.ctx, d)
	t.Defer(cancel)
	return ctx
}

// onBoth listens on the same port of each host, or on none if there is no such
// port.
func (t *T) onBoth(hosts []string) (port int) {
	if len(hosts) == 0 {
		fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		t.Check(err)
		t.Defer(func() { unix.Close(fd) })
		t.Check(unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0))
		t.Check(unix.Bind(fd, &unix.SockaddrInet6{}))
		sa, err := unix.Getsockname(fd)
		t.Check(err)
		return sa.(*unix.SockaddrInet6).Port
	}
	for {
		first, err := t.ListenTCP("tcp", &net.TCPAddr{IP: net.ParseIP(hosts[0])})
		t.Check(err)
		t.Keep(first)
		port := t.Port(first.Addr())
		if len(hosts) == 1 {
			return port
		}
		second, err := t.ListenTCP("tcp", &net.TCPAddr{IP: net.ParseIP(hosts[1]), Port: port})
		if err == nil {
			t.Keep(second)
			return port
		}
	}
}
