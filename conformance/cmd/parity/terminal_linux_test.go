package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"go.parity/conformance"
	"go.parity/conformance/report"
)

// pseudoTerminal returns a terminal, 60 columns wide, and its other side, from
// which the test reads what the terminal shows.
func pseudoTerminal(t *testing.T) (terminal, screen *os.File) {
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals: ", err)
	}
	t.Cleanup(func() { screen.Close() })
	var n int
	raw, err := screen.SyscallConn()
	if err == nil {
		raw.Control(func(fd uintptr) {
			if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
				n, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
			}
		})
	}
	if err != nil {
		t.Skip("no pseudo-terminals: ", err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals: ", err)
	}
	t.Cleanup(func() { terminal.Close() })
	if err := unix.IoctlSetWinsize(int(terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 60}); err != nil {
		t.Fatal(err)
	}
	return terminal, screen
}

func TestTerminal(t *testing.T) {
	tests := []struct {
		name            string
		env             map[string]string
		colors, inPlace bool
	}{
		{"plain", map[string]string{"TERM": "xterm"}, true, true},
		{"NO_COLOR", map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, false, true},
		{"dumb", map[string]string{"TERM": "dumb"}, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			terminal, screen := pseudoTerminal(t)
			shown := make(chan string)
			go func() {
				b, _ := io.ReadAll(screen) // ends with EIO when the terminal is closed
				shown <- string(b)
			}()
			c := command{
				stdout:  terminal,
				stderr:  terminal,
				sources: []report.Source{fake("good", conformance.Same)},
				host:    thisHost(),
				env:     func(key string) string { return tt.env[key] },
			}
			if code := c.run(t.Context(), nil); code != conformance.ExitSame {
				t.Errorf("parity = %d, want %d", code, conformance.ExitSame)
			}
			terminal.Close()
			got := <-shown
			if has := strings.Contains(got, "\x1b[32msame"); has != tt.colors {
				t.Errorf("colours shown = %v, want %v: %q", has, tt.colors, got)
			}
			if has := strings.Contains(got, "\r\x1b[K  good  1/1"); has != tt.inPlace {
				t.Errorf("progress in place = %v, want %v: %q", has, tt.inPlace, got)
			}
		})
	}
}
