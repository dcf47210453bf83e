//go:build linux

package net2

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// exchange sends n bytes each way and reads them.
func exchange(t *testing.T, a, b *TCPConn, n int) {
	t.Helper()
	for _, way := range [][2]*TCPConn{{a, b}, {b, a}} {
		if _, err := way[0].Write(make([]byte, n)); err != nil {
			t.Fatal(err)
		}
		for got := 0; got < n; {
			m, err := way[1].Read(make([]byte, n))
			if err != nil {
				t.Fatal(err)
			}
			got += m
		}
	}
}

func plainListener(t *testing.T) *TCPListener {
	t.Helper()
	var lc ListenConfig
	lc.SetMultipathTCP(false)
	return listenTCP(t, lc)
}

func TestInfoCountsWhatWasSent(t *testing.T) {
	for name, l := range map[string]*TCPListener{"TCP": plainListener(t), "MPTCP listener": listenTCP(t, ListenConfig{})} {
		t.Run(name, func(t *testing.T) {
			client, server := connectedPair(t, l)
			exchange(t, client, server, 1000)
			for _, c := range []*TCPConn{client, server} {
				info, err := c.Info()
				if err != nil {
					t.Fatal(err)
				}
				if info.State != TCPEstablished || info.Congestion == "" || info.RTT <= 0 || info.RTO <= 0 || info.SendMSS == 0 {
					t.Errorf("Info() = %+v, want a connection that has sent", info)
				}
				// The first subflow counts its own handshake too.
				if info.BytesReceived < 1000 || info.BytesReceived > 1100 || info.BytesSent < 1000 || info.BytesSent > 1100 {
					t.Errorf("Info() = %d bytes sent and %d received, want 1000 and 1000", info.BytesSent, info.BytesReceived)
				}
			}
		})
	}
}

func TestInfoMultipathTCP(t *testing.T) {
	l := listenTCP(t, ListenConfig{})
	var d Dialer
	d.SetMultipathTCP(true)
	c, err := d.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	info, err := c.(*TCPConn).Info()
	if err != nil || info.State != TCPEstablished || info.RTT <= 0 {
		t.Errorf("Info() = %+v, %v, want an established connection", info, err)
	}
}

func TestInfoStates(t *testing.T) {
	l := plainListener(t)
	client, server := connectedPair(t, l)
	client.CloseWrite()
	if _, err := server.Read(make([]byte, 1)); err == nil {
		t.Fatal("Read at the end succeeded")
	}
	for _, tt := range []struct {
		who  string
		c    *TCPConn
		want TCPState
	}{{"client", client, TCPFinWait2}, {"server", server, TCPCloseWait}} {
		if !settles(func() bool { info, err := tt.c.Info(); return err == nil && info.State == tt.want }) {
			info, err := tt.c.Info()
			t.Errorf("%s: Info() = %v, %v, want %v", tt.who, info.State, err, tt.want)
		}
	}
	client.Close()
	if _, err := client.Info(); !errors.Is(err, ErrClosed) {
		t.Errorf("Info() after Close = %v, want %v", err, ErrClosed)
	}
	for _, none := range []*TCPConn{nil, {}} {
		if _, err := none.Info(); err != syscall.EINVAL {
			t.Errorf("Info() of %v = %v, want %v", none, err, syscall.EINVAL)
		}
	}
}

func TestTCPStateString(t *testing.T) {
	for s, want := range map[TCPState]string{0: "state 0", TCPEstablished: "established", TCPListening: "listening", TCPClosing: "closing", 12: "state 12", 255: "state 255"} {
		if got := s.String(); got != want {
			t.Errorf("TCPState(%d).String() = %q, want %q", uint8(s), got, want)
		}
	}
}

func TestInfoAllocatesNothing(t *testing.T) {
	client, _ := connectedPair(t, plainListener(t))
	if n := allocsPerRun(100, func() { client.Info() }); n != 0 {
		t.Errorf("Info allocates %v objects, want 0", n)
	}
}

// ss prints some of the same figures. The counters stand still between the two.
func TestInfoIsWhatSSPrints(t *testing.T) {
	ss, err := exec.LookPath("ss")
	if err != nil {
		t.Skip("there is no ss here")
	}
	l := plainListener(t)
	client, server := connectedPair(t, l)
	exchange(t, client, server, 100_000)
	filter := fmt.Sprintf("sport = :%d and dport = :%d", client.LocalAddr().(*TCPAddr).Port, l.Addr().(*TCPAddr).Port)
	var info TCPInfo
	agree := settles(func() bool {
		before, err := client.Info()
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(ss, "-tinH", filter).Output()
		if err != nil {
			t.Skipf("ss -ti: %v", err)
		}
		if info, err = client.Info(); err != nil {
			t.Fatal(err)
		}
		// An acknowledgement that was delayed may have come in between.
		return before.SegmentsReceived == info.SegmentsReceived && ssAgrees(out, info)
	})
	if !agree {
		out, _ := exec.Command(ss, "-tinH", filter).Output()
		t.Errorf("Info() = %+v, ss prints %s", info, out)
	}
}

// ssAgrees compares what ss printed with info.
func ssAgrees(out []byte, info TCPInfo) bool {
	ms := func(d time.Duration) string { return strconv.FormatFloat(float64(d)/1e6, 'g', -1, 64) }
	for _, want := range []string{
		info.Congestion + " ",
		fmt.Sprintf("wscale:%d,%d ", info.SendWindowScale, info.ReceiveWindowScale),
		"rto:" + ms(info.RTO) + " ",
		"rtt:" + ms(info.RTT) + "/" + ms(info.RTTVar) + " ",
		fmt.Sprintf("mss:%d ", info.SendMSS),
		fmt.Sprintf("pmtu:%d ", info.PathMTU),
		fmt.Sprintf("rcvmss:%d ", info.ReceiveMSS),
		fmt.Sprintf("advmss:%d ", info.AdvertisedMSS),
		fmt.Sprintf("cwnd:%d ", info.SendCwnd),
		fmt.Sprintf("bytes_sent:%d ", info.BytesSent),
		fmt.Sprintf("bytes_acked:%d ", info.BytesAcked),
		fmt.Sprintf("bytes_received:%d ", info.BytesReceived),
		fmt.Sprintf("segs_out:%d ", info.SegmentsSent),
		fmt.Sprintf("segs_in:%d ", info.SegmentsReceived),
		fmt.Sprintf("data_segs_out:%d ", info.DataSegmentsSent),
		fmt.Sprintf("data_segs_in:%d ", info.DataSegmentsReceived),
		fmt.Sprintf("delivered:%d ", info.Delivered),
		fmt.Sprintf("rcv_space:%d ", info.ReceiveSpace),
	} {
		if !bytes.Contains(out, []byte(want)) {
			return false
		}
	}
	return bytes.Contains(out, []byte(" app_limited")) == info.DeliveryRateAppLimited &&
		regexp.MustCompile(`minrtt:`+regexp.QuoteMeta(ms(info.MinRTT))+`\b`).Match(out)
}

// A newer kernel tells more, an older one less: each field stands at its offset.
func TestDecodeTCPInfoByOffset(t *testing.T) {
	b := make([]byte, 280)
	for i := range b {
		b[i] = 1
	}
	var info TCPInfo
	info.decode(b)
	const four, eight = 0x01010101, 0x0101010101010101
	want := TCPInfo{Size: 280, State: 1}
	if info.State != want.State || info.Size != want.Size || info.RTT != four*time.Microsecond ||
		info.LastDataSent != four*time.Millisecond || info.BytesSent != eight || info.Timeouts != 0x0101 ||
		info.TimeoutTime != four*time.Millisecond {
		t.Errorf("decode of ones = %+v", info)
	}
	for n := range b {
		var short TCPInfo
		short.decode(b[:n])
		if short.Size != n || n <= 244 && short.TimeoutTime != 0 || n <= 68 && short.RTT != 0 {
			t.Errorf("decode of %d bytes = %+v, want nothing from beyond", n, short)
		}
	}
	for i := range b {
		b[i] = 0xff
	}
	info.decode(b)
	if info.MinRTT != 0 || info.PacingRate != 0 || info.MaxPacingRate != 0 {
		t.Errorf("decode of what the kernel has not measured = %+v, want 0", info)
	}
}

func FuzzTCPInfoDecode(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, 104))
	f.Add(bytes.Repeat([]byte{0xff}, 512))
	f.Fuzz(func(t *testing.T, b []byte) {
		var info, again TCPInfo
		info.decode(b)
		if info.Size != len(b) {
			t.Errorf("Size = %d, want %d", info.Size, len(b))
		}
		// What a newer kernel adds changes nothing.
		again.decode(append(bytes.Clone(b), make([]byte, 8)...))
		again.Size = info.Size
		if len(b) >= 280 && info != again {
			t.Errorf("decode of %d bytes = %+v, with 8 more %+v", len(b), info, again)
		}
	})
}

func TestOptionErrorIs(t *testing.T) {
	for _, tt := range []struct {
		cause       error
		unsupported bool
	}{
		{syscall.ENOPROTOOPT, true}, {syscall.EOPNOTSUPP, true}, {syscall.ENOSYS, true},
		{syscall.EPERM, false}, {syscall.EINVAL, false},
	} {
		err := &OptionError{Option: "Mark", Err: wrapSyscallError("setsockopt", tt.cause)}
		if got := errors.Is(err, errors.ErrUnsupported); got != tt.unsupported {
			t.Errorf("Is(%v, ErrUnsupported) = %v, want %v", err, got, tt.unsupported)
		}
		if !errors.Is(err, tt.cause) {
			t.Errorf("Is(%v, %v) = false, want true", err, tt.cause)
		}
	}
}
