package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// all is for ci/long: with it, each way and each release builds the standard
// library from net upwards once.
var all = flag.Bool("net2.all", false, "try every way and every release of Go, which takes minutes")

// toolchains are the releases of Go that these tests try; "" is the one that
// runs them. They try the other only if it is installed, because no test
// downloads one.
var toolchains = []string{"", "go1.27.3"}

// forEachToolchain runs a test with each Go that is there.
func forEachToolchain(t *testing.T, test func(t *testing.T, env []string)) {
	for _, name := range toolchains {
		if name != "" && !*all {
			continue
		}
		env := append(os.Environ(), "GOWORK=off", "GOFLAGS=")
		label := name
		if name == "" {
			label = "this"
		} else {
			env = append(env, "GOTOOLCHAIN="+name)
		}
		t.Run(label, func(t *testing.T) {
			if name != "" {
				probe := exec.Command("go", "version")
				probe.Env = append(env[:len(env):len(env)], "GOPROXY=off")
				if out, err := probe.CombinedOutput(); err != nil {
					t.Skipf("%s is not installed: %s", name, out)
				}
			}
			test(t, env)
		})
	}
}

var tool = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "net2-tool")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "net2")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		os.Stderr.Write(out)
	}
	return path, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if built {
		path, _ := tool()
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

var built bool

func theTool(t *testing.T) string {
	t.Helper()
	built = true
	path, err := tool()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// command is a command whose failure ends the test.
func command(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	out, err := try(dir, env, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return out
}

func try(dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestWholeProgram(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the standard library's packages above net")
	}
	forEachToolchain(t, func(t *testing.T, env []string) {
		net2, bin := theTool(t), t.TempDir()
		source := filepath.Join("testdata", "whole")
		plain := filepath.Join(bin, "plain")
		command(t, source, env, "go", "build", "-o", plain, ".")
		// Asked by GODEBUG, net says on standard error which resolver it
		// chooses: by cgo and nsswitch.conf, as in plain net.
		tells := func(program, poller, netdns string) string {
			return command(t, ".", append(env[:len(env):len(env)], "NET2_POLLER="+poller, "GODEBUG=netdns="+netdns+"2"), program)
		}
		resolvers := []string{"", "go+", "cgo+"}
		want := make(map[string]string)
		for _, netdns := range resolvers {
			want[netdns] = tells(plain, "", netdns)
		}
		if out, err := try(".", env, net2, "verify", plain); err == nil {
			t.Errorf("verify finds net2 in a plain binary: %s", out)
		}

		for _, way := range []struct {
			name    string
			flags   []string
			place   string
			pollers []string
		}{
			{"merged", nil, "net/internal", []string{"runtime", "epoll"}},
			{"trimpath", []string{"-trimpath"}, "net/internal", []string{"runtime"}},
			{"portable", []string{"-tags=net2_portable"}, "net/internal", []string{"epoll"}},
			{"poller", []string{"-poller"}, "internal/poll", []string{"runtime", "epoll"}},
		} {
			if way.name != "merged" && !*all {
				continue
			}
			t.Run(way.name, func(t *testing.T) {
				swapped := filepath.Join(bin, way.name)
				command(t, source, env, net2, append(append([]string{"build"}, way.flags...), "-o", swapped, ".")...)
				for _, poller := range way.pollers {
					for _, netdns := range resolvers {
						got := beyondNet.ReplaceAllString(tells(swapped, poller, netdns), "")
						if way.name == "portable" {
							// Nothing hides its goroutine, for nothing is linked to the runtime.
							got = strings.Replace(got, "at the start: 2", "at the start: 1", 1)
						}
						if got != want[netdns] {
							t.Errorf("with the poller %s and netdns=%s2 it prints\n%s\nplain net\n%s", poller, netdns, got, want[netdns])
						}
					}
				}
				command(t, ".", env, net2, "verify", swapped)
				checkPlace(t, command(t, ".", env, swapped, "where"), way.place, way.name == "trimpath")
				if way.name != "portable" { // that way makes files of sockets with net's own connections
					checkDead(t, command(t, ".", env, "go", "tool", "nm", swapped))
				}
			})
		}
	})
}

// beyondNet are the fields that net2 adds to Dialer and ListenConfig, as the program
// prints them with their types and with their values.
var beyondNet = regexp.MustCompile(`,? (Options|AttemptDelay|Backlog|ReusePort)(:\{[^}]*\}|:\w+| [\w.]+ "" \[\d+\])`)

// checkPlace looks at what the program says of itself: which poller it waits
// in, and the files in its stacks.
func checkPlace(t *testing.T, said, place string, trimmed bool) {
	files := 0
	for line := range strings.Lines(said) {
		what, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch what {
		case "place":
			if value != place {
				t.Errorf("connections wait in %s, want %s", value, place)
			}
		case "file":
			files++
			if trimmed {
				if filepath.IsAbs(value) {
					t.Errorf("a path of this machine in a trimmed binary: %s", value)
				}
			} else if _, err := os.Stat(value); err != nil {
				t.Errorf("a stack names a file that is not there: %v", err)
			}
		}
	}
	if files == 0 {
		t.Errorf("no stack in %q", said)
	}
}

// checkDead makes sure that nothing uses net's own connections any more.
func checkDead(t *testing.T, symbols string) {
	for line := range strings.Lines(symbols) {
		for _, gone := range []string{"net.(*std_netFD)", "net.(*std_TCPConn)", "net.(*std_Dialer)", "net.(*std_sysDialer)"} {
			if strings.Contains(line, gone) {
				t.Errorf("net's own code is in use: %s", strings.TrimSpace(line))
			}
		}
	}
}

// TestSize bounds what net2 adds to a program: 2 %.
func TestSize(t *testing.T) {
	if !*all {
		t.Skip("builds net/http: -args -net2.all")
	}
	forEachToolchain(t, func(t *testing.T, env []string) {
		dir, bin := filepath.Join("testdata", "whole"), t.TempDir()
		for _, flags := range []string{"-ldflags=", "-ldflags=-s -w"} {
			sizes := make(map[string]int64)
			for _, name := range []string{"go", theTool(t)} {
				path := filepath.Join(bin, "program")
				command(t, dir, env, name, "build", flags, "-o", path, ".")
				info, err := os.Stat(path)
				if err != nil {
					t.Fatal(err)
				}
				sizes[name] = info.Size()
			}
			plain, swapped := sizes["go"], sizes[theTool(t)]
			if swapped > plain+plain/50 {
				t.Errorf("%s: %d bytes, with plain net %d: %.2f %% more", flags, swapped, plain, 100*float64(swapped-plain)/float64(plain))
			}
			t.Logf("%s: %d bytes, with plain net %d", flags, swapped, plain)
		}
	})
}

func TestStandardLibraryAbove(t *testing.T) {
	if !*all {
		t.Skip("builds and runs tests of net/http and os: -args -net2.all")
	}
	forEachToolchain(t, func(t *testing.T, env []string) {
		for pkg, tests := range map[string]string{
			"net/http": "TestServe|TestTransport",
			"os":       "TestSpliceFile|TestSendFile|TestGetPollFDAndNetwork", // what it copies between files and connections
		} {
			out := command(t, filepath.Join("testdata", "whole"), env, theTool(t), "test", "-short", pkg, "-run", tests)
			if !strings.Contains(out, "ok") || strings.Contains(out, "no tests") {
				t.Errorf("%s: %s", pkg, out)
			}
		}
	})
}

func TestCrossBuildIsPlain(t *testing.T) {
	if !*all {
		t.Skip("builds for another system: -args -net2.all")
	}
	env := append(os.Environ(), "GOOS=darwin", "GOWORK=off", "GOFLAGS=")
	dir := filepath.Join("testdata", "whole")
	bin := t.TempDir()
	var built [2][]byte
	for i, name := range []string{"go", theTool(t)} {
		path := filepath.Join(bin, "darwin")
		command(t, dir, env, name, "build", "-trimpath", "-o", path, ".")
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		built[i] = content
	}
	if string(built[0]) != string(built[1]) {
		t.Error("a build for darwin is not plain net's")
	}
}
