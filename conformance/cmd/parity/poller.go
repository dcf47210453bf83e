package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"go.parity/conformance"
	"go.parity/conformance/host"
	"go.parity/conformance/report"
	"go.parity/conformance/words"
)

// forPollers returns the sources, with one copy for each of pollers of those
// whose results depend on the poller. A process has one poller for its life, so
// a child process makes the checks with any other poller.
func forPollers(sources []report.Source, pollers []string) []report.Source {
	var all []report.Source
	for _, s := range sources {
		if !s.Polls {
			all = append(all, s)
			continue
		}
		for _, poller := range pollers {
			s := s
			s.Poller = poller
			if poller != conformance.Poller() {
				part := s.Name
				s.Run = func(ctx context.Context, match func(string) bool, tell func(conformance.Check)) error {
					names, err := s.Names(ctx)
					if err != nil {
						return err
					}
					names = slices.DeleteFunc(names, func(name string) bool { return !match(name) })
					return runPart(ctx, poller, order{part, names}, tell)
				}
			}
			all = append(all, s)
		}
	}
	return all
}

// childEnv tells a process that it is a child that runs one part, with the
// poller that its environment names.
const childEnv = "PARITY_PART"

// An order is what a child reads: which checks of which part it is to make.
type order struct {
	Part   string
	Checks []string
}

// A message is one line that a child writes: its poller, a check, or how the
// part ended.
type message struct {
	Poller string             `json:",omitempty"`
	Check  *conformance.Check `json:",omitempty"`
	End    *ending            `json:",omitempty"`
}

// An ending is the error of a part, "" for none, or what the host lacks for it.
type ending struct {
	Err  string     `json:",omitempty"`
	Lack *host.Lack `json:",omitempty"`
}

// runPart makes a child run the checks of an order, and passes each on as it
// comes.
func runPart(ctx context.Context, poller string, o order, tell func(conformance.Check)) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	input, err := json.Marshal(o)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, exe)
	cmd.Env = append(conformance.Environ(poller), childEnv+"=1")
	cmd.Stdin = bytes.NewReader(input)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 2 * time.Second // then it is killed
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	end, readErr := hear(out, poller, tell)
	if readErr != nil {
		cmd.Process.Kill() // it may have ended by itself
	}
	waitErr := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case readErr != nil:
		return fmt.Errorf("the process with %s=%s: %w (%v)%s", conformance.PollerEnv, poller, readErr, waitErr, lastOf(complaint.String()))
	case end.Lack != nil:
		return end.Lack
	case end.Err != "":
		return errors.New(end.Err)
	case waitErr != nil:
		return fmt.Errorf("the process with %s=%s: %w%s", conformance.PollerEnv, poller, waitErr, lastOf(complaint.String()))
	}
	return nil
}

// hear reads the messages of a child until the child ends.
func hear(r io.Reader, poller string, tell func(conformance.Check)) (*ending, error) {
	in := json.NewDecoder(r)
	for first := true; ; first = false {
		var m message
		if err := in.Decode(&m); err != nil {
			if err == io.EOF {
				err = errors.New("it ended in the middle")
			}
			return nil, err
		}
		switch {
		case first && m.Poller != poller:
			return nil, fmt.Errorf("it waits in the poller %q", m.Poller)
		case m.Check != nil:
			tell(*m.Check)
		case m.End != nil:
			return m.End, nil
		}
	}
}

// lastOf returns the end of what a child complained of.
func lastOf(s string) string {
	if s = words.Tail(s); s == "" {
		return ""
	}
	return "\n" + s
}

// child does not return in a process that runPart started: it runs the part
// there and exits. In every other process it does nothing.
func child(sources []report.Source) {
	if _, ok := os.LookupEnv(childEnv); !ok {
		return
	}
	os.Unsetenv(childEnv) // parts start processes of their own
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := holdPart(ctx, sources, os.Stdin, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "parity:", err)
		os.Exit(conformance.ExitUnfinished)
	}
	os.Exit(conformance.ExitSame)
}

// holdPart makes the checks that the order in r names, and writes them to w.
func holdPart(ctx context.Context, sources []report.Source, r io.Reader, w io.Writer) error {
	var o order
	if err := json.NewDecoder(r).Decode(&o); err != nil {
		return err
	}
	at := slices.IndexFunc(sources, func(s report.Source) bool { return s.Name == o.Part })
	if at < 0 {
		return fmt.Errorf("no part %q", o.Part)
	}
	out := json.NewEncoder(w)
	if err := out.Encode(message{Poller: conformance.Poller()}); err != nil {
		return err
	}
	wanted := make(map[string]bool)
	for _, name := range o.Checks {
		wanted[name] = true
	}
	var writeErr error
	err := sources[at].Run(ctx, func(name string) bool { return wanted[name] }, func(c conformance.Check) {
		if err := out.Encode(message{Check: &c}); err != nil && writeErr == nil {
			writeErr = err
		}
	})
	if writeErr != nil {
		return writeErr
	}
	var end ending
	if !errors.As(err, &end.Lack) && err != nil {
		end.Err = err.Error()
	}
	return out.Encode(message{End: &end})
}
