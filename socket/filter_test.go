//go:build linux

package socket

import (
	"testing"

	"golang.org/x/sys/unix"
)

// Each number that the kernel may draw leads to one of the places, and to all of them
// equally often.
func TestPickListenerChoosesEachPlace(t *testing.T) {
	places := []int{0, 2, 7}
	f := PickListener(places)
	count := make(map[uint32]int)
	for random := range uint32(300) {
		count[run(t, f, random)]++
	}
	for _, place := range places {
		if count[uint32(place)] != 100 {
			t.Errorf("place %d was chosen %d of 300 times, want 100", place, count[uint32(place)])
		}
	}
}

// run interprets the few instructions that PickListener uses.
func run(t *testing.T, f Filter, random uint32) uint32 {
	t.Helper()
	a := uint32(0)
	for pc := 0; pc < len(f); pc++ {
		switch in := f[pc]; in.Code {
		case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
			a = random
		case unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K:
			a %= in.K
		case unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K:
			if a == in.K {
				pc += int(in.Jt)
			} else {
				pc += int(in.Jf)
			}
		case unix.BPF_RET | unix.BPF_K:
			return in.K
		default:
			t.Fatalf("instruction %#x", in.Code)
		}
	}
	t.Fatal("the program has no end")
	return 0
}

func TestPickListenerFits(t *testing.T) {
	if n := len(PickListener(make([]int, MaxPlaces))); n > maxFilter {
		t.Errorf("a program for %d places has %d instructions, want at most %d", MaxPlaces, n, maxFilter)
	}
}

func TestOptionsAsBytes(t *testing.T) {
	fd, errno := Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
	defer Close(fd)
	if errno := SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1); errno != 0 {
		t.Fatal(errno)
	}
	b := make([]byte, 8)
	if n, errno := Getsockopt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, b); n != 4 || errno != 0 || b[0]+b[3] != 1 {
		t.Errorf("Getsockopt = %d, %v with %v, want 4 bytes of 1", n, errno, b)
	}
	if errno := Setsockopt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, make([]byte, 4)); errno != 0 {
		t.Fatal(errno)
	}
	if v, errno := GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE); v != 0 || errno != 0 {
		t.Errorf("SO_KEEPALIVE = %d, %v, want 0", v, errno)
	}
	if errno := Setsockopt(-1, unix.SOL_SOCKET, unix.SO_KEEPALIVE, b[:4]); errno != unix.EBADF {
		t.Errorf("Setsockopt of -1 = %v, want EBADF", errno)
	}
	if _, errno := Getsockopt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, nil); errno != 0 {
		t.Errorf("Getsockopt without room = %v, want success", errno)
	}
}
