package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"go.parity/net2/cmd/net2/internal/merge"
)

// trialProgram needs everything that net2 links to.
const trialProgram = `package main

import (
	"net"
	"time"
)

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		panic(err)
	}
	c.SetDeadline(time.Now())
	c.Read(make([]byte, 1))
	c.(*net.TCPConn).File()
	l.Accept()
}
`

// tryOut builds a small program before the first build with an overlay. That
// program fails in place of the user's: if this Go refuses net2's links, or if
// a binary comes out without net2.
func (p plan) tryOut(inv invocation, overlay string) error {
	if !links[inv.verb] {
		return nil
	}
	flags := inv.trialFlags()
	h := sha256.Sum256(fmt.Append(nil, overlay, flags, p.Goarch, p.Goflags))
	done := fmt.Sprintf("tried-%.12x", h)
	if _, err := os.Stat(p.cache.path(done)); err == nil {
		return nil
	}
	dir, err := os.MkdirTemp("", "net2-")
	if err != nil {
		return nil // the build needs such a folder too, and will say so
	}
	defer os.RemoveAll(dir)
	program, source := filepath.Join(dir, "trial"), filepath.Join(dir, "trial.go")
	if err := os.WriteFile(source, []byte(trialProgram), 0o644); err != nil {
		return nil
	}
	words := append([]string{"build", "-overlay=" + overlay, "-o", program}, flags...)
	cmd := exec.Command(p.command(), append(words, source)...)
	cmd.Env, cmd.Dir = p.environ(), inv.dir
	if _, err := output(cmd); err != nil {
		return p.refusedLink(err.Error()) // nil if the build will fail in the same way, and say more about it
	}
	if found, err := findStamp(program); err != nil || found == "" {
		return errors.Join(err, p.plainNet(overlay))
	}
	p.cache.entry(done, func(string) error { return nil }) // if this fails, the next build tries again
	return nil
}

// links are the verbs that link what they build.
var links = set("build install run test")

// trialFlags are the user's flags that decide what the go command compiles and
// links.
func (inv *invocation) trialFlags() []string {
	wanted := set("race msan asan tags trimpath mod modfile")
	var flags []string
	for i, word := range inv.buildFlags {
		name, _, joined := splitFlag(word)
		if !wanted[name] {
			continue
		}
		flags = append(flags, word)
		if valueFlags[name] && !joined {
			flags = append(flags, inv.buildFlags[i+1])
		}
	}
	return flags
}

// refused matches the linker's words for a reference that it does not allow, or
// whose target does not exist.
var refused = regexp.MustCompile(`(?:link: |^|\s)(\S+): (?:invalid reference to|relocation target) (\S+)`)

// refusedLink is the error of a build that the linker refused because of net2's
// links, nil if the go command says something else.
func (p plan) refusedLink(said string) error {
	for _, match := range refused.FindAllStringSubmatch(said, -1) {
		if from := match[1]; from == merge.Linked || strings.HasPrefix(from, merge.Linked+".") {
			return fmt.Errorf("%s does not let net2 link to %s: build with -tags net2_portable", p.Version, match[2])
		}
	}
	return nil
}

// plainNet is the error of a build that would have no net2 in it.
func (p plan) plainNet(overlay string) error {
	return fmt.Errorf("the build would get plain net: %s does not take the overlay %s", p.Version, overlay)
}
