//go:build linux

package socket

import "golang.org/x/sys/unix"

// A Filter is a program of classic BPF that the kernel runs on packets; see socket(7).
type Filter []unix.SockFilter

// Where the kernel keeps what is not in the packet: SKF_AD_OFF + SKF_AD_RANDOM.
const randomNumber = 0xfffff000 + 56

// PickListener returns a program for a group of sockets on one port
// (SO_ATTACH_REUSEPORT_CBPF): each new connection goes to one of the sockets with these
// places in the group, which the kernel draws by lot. There must be a place.
func PickListener(places []int) Filter {
	f := Filter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: randomNumber},
		{Code: unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K, K: uint32(len(places))},
	}
	for i, place := range places {
		f = append(f,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uint32(i), Jf: 1},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: uint32(place)})
	}
	return append(f, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: uint32(places[0])})
}

// DropSYN is a program for a listener (SO_ATTACH_FILTER): it drops packets that begin a
// connection, whose sender tries again in a second, and lets the others pass.
var DropSYN = Filter{
	{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 13}, // the flags of the TCP header
	{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: flagSYN | flagACK},
	{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: flagSYN, Jf: 1},
	{Code: unix.BPF_RET | unix.BPF_K, K: 0},
	{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff},
}

const (
	flagSYN = 0x02
	flagACK = 0x10
)

// AttachFilter gives the program to fd by the option name.
func AttachFilter(fd, name int, f Filter) Errno {
	prog := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	return errnoOf(unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, name, &prog))
}

// maxFilter is the most instructions that the kernel takes.
const maxFilter = 4096

// MaxPlaces is how many places PickListener can choose from.
const MaxPlaces = (maxFilter - 3) / 2
