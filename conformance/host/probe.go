package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"go.parity/conformance/words"
)

// patience is how long a probe waits for what should happen at once.
const patience = 5 * time.Second

// errAllowed is the answer of a probe that needs a user who may not do
// something.
var errAllowed = errors.New("this user may")

// probes returns, for each need, the probe that finds out whether it is met.
func probes() map[Need]probe {
	all := map[Need]probe{
		Loopback:       loopback,
		IPv6:           func() (string, error) { return "::1", listens("tcp6", "[::1]:0") },
		MappedIPv4:     mappedIPv4,
		Multicast:      func() (string, error) { return "", joins("udp4", net.IPv4(224, 0, 0, 254)) },
		MulticastIPv6:  func() (string, error) { return "", joins("udp6", net.ParseIP("ff01::114")) },
		MultipathTCP:   multipathTCP,
		Localhost:      localhost,
		TempDir:        tempDir,
		GoCommand:      goCommand,
		RaceDetector:   raceDetector,
		RawSockets:     func() (string, error) { return "raw sockets", opensRaw("ip4:253", "127.0.0.1") },
		RawSocketsIPv6: func() (string, error) { return "", opensRaw("ip6:253", "::1") },
		NoLowPorts: func() (string, error) {
			return "no privileges", refused(listens("tcp4", "127.0.0.1:1"), "listen on ports below 1024")
		},
		NoRawSockets: func() (string, error) { return "", refused(opensRaw("ip4:253", "127.0.0.1"), "open raw sockets") },
	}
	for n, p := range systemProbes {
		all[n] = p
	}
	return all
}

// loopback connects net to itself.
func loopback() (string, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	c, err := net.DialTimeout("tcp4", l.Addr().String(), patience)
	if err != nil {
		return "", err
	}
	return "127.0.0.1", c.Close()
}

func listens(network, address string) error {
	l, err := net.Listen(network, address)
	if err != nil {
		return err
	}
	return l.Close()
}

func mappedIPv4() (string, error) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	if l.Addr().(*net.TCPAddr).IP.To4() != nil {
		return "", errors.New("a listener on every address is one of IPv4")
	}
	return "", nil
}

func joins(network string, group net.IP) error {
	lo, err := LoopbackInterface()
	if err != nil {
		return err
	}
	c, err := net.ListenMulticastUDP(network, lo, &net.UDPAddr{IP: group})
	if err != nil {
		return err
	}
	return c.Close()
}

// LoopbackInterface returns the loopback interface, which must be up.
func LoopbackInterface() (*net.Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	for _, ifi := range all {
		if ifi.Flags&net.FlagLoopback != 0 && ifi.Flags&net.FlagUp != 0 {
			return &ifi, nil
		}
	}
	return nil, errors.New("no loopback interface is up")
}

func multipathTCP() (string, error) {
	text, err := os.ReadFile("/proc/sys/net/mptcp/enabled")
	if err != nil {
		return "", err
	}
	if !bytes.HasPrefix(text, []byte("1")) {
		return "", errors.New("it is switched off")
	}
	return "", nil
}

// localhost asks the host what it knows without a name server.
func localhost() (string, error) {
	r := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no name server")
	}}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	addrs, err := r.LookupHost(ctx, "localhost")
	if err != nil {
		return "", err
	}
	if !slices.Contains(addrs, "127.0.0.1") {
		return "", fmt.Errorf("localhost is %s", strings.Join(addrs, ", "))
	}
	return "", nil
}

func tempDir() (string, error) {
	f, err := os.CreateTemp("", "parity")
	if err != nil {
		return "", err
	}
	return os.TempDir(), errors.Join(f.Close(), os.Remove(f.Name()))
}

// goCommand asks the go command for the folder of net2. A go command that
// cannot answer, or answers with another folder, can build nothing here.
func goCommand() (string, error) {
	_, err := run("go", "list", "-f", "{{.Dir}}", "go.parity/net2")
	if err != nil {
		return "", err
	}
	return run("go", "env", "GOVERSION")
}

// raceDetector looks for the C compiler.
func raceDetector() (string, error) {
	if arch := runtime.GOARCH; !slices.Contains([]string{"amd64", "arm64", "loong64", "ppc64le", "riscv64", "s390x"}, arch) {
		return "", errors.New("-race is not for " + arch)
	}
	cc, err := run("go", "env", "CC")
	if err != nil {
		return "", err
	}
	name, _, _ := strings.Cut(cc, " ")
	return exec.LookPath(name)
}

func run(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w %s", name, args[0], err, words.FirstLine(complaint.String()))
	}
	return words.FirstLine(string(out)), nil
}

func opensRaw(network, address string) error {
	c, err := net.ListenPacket(network, address)
	if err != nil {
		return err
	}
	return c.Close()
}

// refused inverts an answer: it returns an error if this user was not refused.
func refused(err error, what string) error {
	if err == nil {
		return fmt.Errorf("%w %s", errAllowed, what)
	}
	return nil
}
