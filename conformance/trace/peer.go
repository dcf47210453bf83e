package trace

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
)

// A peer plays the other end of a scenario, in the tracer's process, where its
// own calls are not seen.
type peer struct {
	control *os.File
	lines   *bufio.Reader
	dir     string // the child's directory
	stack   string // the child's

	mu      sync.Mutex
	news    *sync.Cond
	blocked int  // how often the child parked, in the recording
	over    bool // nothing more will be recorded
	ports   map[uint16]bool
}

func newPeer(control *os.File, dir, stack string) *peer {
	p := &peer{control: control, lines: bufio.NewReader(control), dir: dir, stack: stack, ports: map[uint16]bool{}}
	p.news = sync.NewCond(&p.mu)
	return p
}

// The tracer calls sawBlocked and sawEnd.

func (p *peer) sawBlocked() {
	p.mu.Lock()
	p.blocked++
	p.mu.Unlock()
	p.news.Broadcast()
}

func (p *peer) sawEnd() {
	p.mu.Lock()
	p.over = true
	p.mu.Unlock()
	p.news.Broadcast()
}

// awaitBlocked waits until a call of the recording came back with EAGAIN for
// the nth time.
func (p *peer) awaitBlocked(n int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.blocked < n {
		if p.over {
			return fmt.Errorf("the recording ended before a call had to wait (wait %d)", n)
		}
		p.news.Wait()
	}
	return nil
}

func (p *peer) tell(line string) error {
	_, err := io.WriteString(p.control, line+"\n")
	return err
}

func (p *peer) hear() (string, error) {
	line, err := p.lines.ReadString('\n')
	return strings.TrimSuffix(line, "\n"), err
}

// awaitBye waits until the child's recording is done and lets the child go.
func (p *peer) awaitBye() error {
	line, err := p.hear()
	if err != nil {
		return err
	}
	if line != "bye" {
		return fmt.Errorf("the child said %q, want bye", line)
	}
	return p.tell("bye")
}

// own notes a port as the peer's.
func (p *peer) own(addr net.Addr) {
	_, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return // a unix address
	}
	n, _ := strconv.ParseUint(port, 10, 16)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ports[uint16(n)] = true
}

// portName says whose a port is.
func (p *peer) portName(port uint16) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ports[port] {
		return "peer"
	}
	return "own"
}

// dial connects to the address that the child sends.
func (p *peer) dial() (net.Conn, error) {
	addr, err := p.hear()
	if err != nil {
		return nil, err
	}
	return p.dialTo(addr)
}

func (p *peer) dialTo(addr string) (net.Conn, error) {
	c, err := net.Dial("tcp", addr)
	if err == nil {
		p.own(c.LocalAddr())
	}
	return c, err
}

// listen listens and sends the child the address.
func (p *peer) listen() (net.Listener, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p.own(ln.Addr())
	return ln, p.tell(ln.Addr().String())
}
