//go:build linux

package socket

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"
)

func TestMessagesMoveInOrder(t *testing.T) {
	from, fromAt := udp(t)
	to, at := udp(t)
	const n = 5
	out := GetMessages(n)
	for i := range n {
		out.Set(i, bytes.Repeat([]byte{byte(i)}, i), nil)
		*out.Name(i) = *at
	}
	if k, errno := Sendmmsg(from, out, n); k != n || errno != 0 {
		t.Fatalf("Sendmmsg = %d, %s, want %d", k, name(errno), n)
	}
	for i := range n {
		if got := out.Size(i); got != i {
			t.Errorf("Size(%d) = %d, want %d", i, got, i)
		}
	}
	out.Release()
	in := GetMessages(8)
	defer in.Release()
	room := make([][8]byte, 8)
	for i := range room {
		in.Set(i, room[i][:], nil)
	}
	if k, errno := Recvmmsg(to, in, 8); k != n || errno != 0 {
		t.Fatalf("Recvmmsg = %d, %s, want %d", k, name(errno), n)
	}
	for i := range n {
		k, oobn, flags := in.Received(i)
		if want := bytes.Repeat([]byte{byte(i)}, i); k != i || oobn != 0 || flags != 0 || !bytes.Equal(room[i][:k], want) {
			t.Errorf("message %d: %d bytes, %d of control, flags %#x, %x, want %x", i, k, oobn, flags, room[i], want)
		}
		if got := in.Name(i).Inet(); got != fromAt.Inet() {
			t.Errorf("message %d comes from %v, want %v", i, got, fromAt.Inet())
		}
	}
	_, errno := Recvmmsg(to, in, 8)
	wantErrno(t, "Recvmmsg of nothing", errno, unix.EAGAIN)
}

// A message without a name goes to the peer; one that came without a name has no address
// left from before.
func TestMessagesWithoutNames(t *testing.T) {
	a, b := pair(t, unix.SOCK_DGRAM)
	m := GetMessages(1)
	defer m.Release()
	m.Name(0).SetInet4([4]byte{1, 2, 3, 4}, 5)
	m.NoName(0)
	m.Set(0, []byte("x"), nil)
	if k, errno := Sendmmsg(a, m, 1); k != 1 || errno != 0 {
		t.Fatalf("Sendmmsg = %d, %s, want 1", k, name(errno))
	}
	if k, errno := Recvmmsg(b, m, 1); k != 1 || errno != 0 {
		t.Fatalf("Recvmmsg = %d, %s, want 1", k, name(errno))
	}
	if got := m.Name(0).Family(); got != unix.AF_UNSPEC {
		t.Errorf("the sender's family is %d, want none", got)
	}
}

func TestMessagesForgetTheirBuffers(t *testing.T) {
	m := GetMessages(3)
	for i := range 3 {
		m.Set(i, make([]byte, 9), make([]byte, 9))
	}
	m.Release()
	for i := range m.hdr {
		if m.iov[i].Base != nil || m.hdr[i].Control != nil {
			t.Errorf("header %d still points to the caller's memory", i)
		}
	}
}

func TestMessagesOwnRoom(t *testing.T) {
	m := new(Messages)
	a, ok := m.Own(100)
	if !ok || len(a) != 100 {
		t.Fatalf("Own(100) = %d bytes, %t, want 100, true", len(a), ok)
	}
	b, ok := m.Own(ownRoom - 100)
	if !ok || len(b) != ownRoom-100 {
		t.Fatalf("Own = %d bytes, %t, want the rest, true", len(b), ok)
	}
	a[99], b[0] = 1, 2
	if _ = append(a, 3); b[0] != 2 {
		t.Error("the parts overlap")
	}
	if _, ok := m.Own(1); ok {
		t.Error("Own(1) of a full room = true, want false")
	}
	m.ResetOwn()
	if a, ok := m.Own(3 * ownRoom); !ok || len(a) != 3*ownRoom {
		t.Errorf("Own after ResetOwn = %d bytes, %t, want %d, true", len(a), ok, 3*ownRoom)
	}
	m.ReserveOwn(10 * ownRoom)
	for range 10 {
		if _, ok := m.Own(ownRoom); !ok {
			t.Error("Own = false after ReserveOwn, want true")
		}
	}
}

func TestTakeMergedAtAnyPlace(t *testing.T) {
	size := AppendCmsg(nil, unix.IPPROTO_UDP, unix.UDP_GRO, []byte{0xb0, 4, 0, 0})
	if bigEndian := []byte{0, 0, 4, 0xb0}; size[wordSize] == 0 {
		size = AppendCmsg(nil, unix.IPPROTO_UDP, unix.UDP_GRO, bigEndian)
	}
	other := AppendCmsg(nil, unix.SOL_IP, unix.IP_TOS, []byte{3})
	third := AppendCmsg(nil, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, []byte{1, 2, 3, 4})
	for _, tt := range []struct {
		parts [][]byte
		want  int
	}{
		{nil, 0},
		{[][]byte{other, third}, 0},
		{[][]byte{size}, 1200},
		{[][]byte{size, other, third}, 1200},
		{[][]byte{other, size, third}, 1200},
		{[][]byte{other, third, size}, 1200},
		{[][]byte{other, size, {1, 2, 3}}, 1200},
		{[][]byte{other, size[:len(size)-6]}, 0},
	} {
		var rest []byte
		for _, p := range tt.parts {
			if tt.want == 0 || !bytes.Equal(p, size) {
				rest = append(rest, p...)
			}
		}
		got, left := TakeMerged(bytes.Join(tt.parts, nil))
		if got != tt.want || !bytes.Equal(left, rest) {
			t.Errorf("TakeMerged(%x) = %d, %x, want %d, %x", tt.parts, got, left, tt.want, rest)
		}
	}
}

func FuzzNextCmsg(f *testing.F) {
	f.Add(AppendCmsg(AppendCmsg(nil, 1, 2, []byte("abc")), 3, 4, nil))
	f.Add(bytes.Repeat([]byte{0xff}, 40))
	f.Add([]byte{16})
	f.Fuzz(func(t *testing.T, b []byte) {
		for {
			c, rest, ok := NextCmsg(b)
			if len(b) < unix.SizeofCmsghdr {
				if ok {
					t.Fatalf("NextCmsg(%x) = %+v", b, c)
				}
				return
			}
			want, wantData, wantRest, err := unix.ParseOneSocketControlMessage(b)
			if ok != (err == nil) || ok && (c.Level != int(want.Level) || c.Type != int(want.Type) ||
				!bytes.Equal(c.Data, wantData) || !bytes.Equal(rest, wantRest)) {
				t.Fatalf("NextCmsg(%x) = %+v, %x, %t, want %+v, %x, %x, %v", b, c, rest, ok, want, wantData, wantRest, err)
			}
			if !ok {
				return
			}
			if len(rest) >= len(b) {
				t.Fatalf("NextCmsg(%x) leaves %d bytes", b, len(rest))
			}
			b = rest
		}
	})
}
