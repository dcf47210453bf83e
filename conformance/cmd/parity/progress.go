package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"go.parity/conformance/report"
	"go.parity/conformance/terminal"
)

// progress says how far the run is: on a terminal in one line that it
// overwrites, elsewhere in one line for each part.
type progress struct {
	w       io.Writer
	inPlace bool
	width   int

	mu    sync.Mutex
	last  report.Progress
	begun time.Time // when the part began
	shown time.Time
	ended bool
	stop  chan struct{}
}

func newProgress(w io.Writer, env func(string) string) *progress {
	p := &progress{w: w, inPlace: terminal.Is(w) && env("TERM") != "dumb", width: terminal.Width(w), stop: make(chan struct{})}
	if p.inPlace {
		go p.tick()
	}
	return p
}

// tick keeps the time in the line going while a check takes long.
func (p *progress) tick() {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			p.mu.Lock()
			p.draw()
			p.mu.Unlock()
		case <-p.stop:
			return
		}
	}
}

func (p *progress) show(now report.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Done == 0 && !now.Ended {
		p.begun = time.Now()
	}
	p.last = now
	if p.inPlace {
		if now.Done <= 1 || time.Since(p.shown) > 50*time.Millisecond {
			p.draw()
		}
		return
	}
	if now.Ended {
		line := fmt.Sprintf("%s: %d checks, %d same, %d differ, %d missing, %d skipped in %v",
			now.Title(), now.Counts.Checks, now.Counts.Same, now.Counts.Differs, now.Counts.Missing, now.Counts.Skipped,
			now.Elapsed.Round(100*time.Millisecond))
		if now.Error != "" {
			line += ", incomplete"
		}
		fmt.Fprintln(p.w, line)
	}
}

// draw overwrites the line. The caller holds the lock.
func (p *progress) draw() {
	if p.ended || p.last.Part == "" {
		return
	}
	p.shown = time.Now()
	line := fmt.Sprintf("  %s  %d", p.last.Title(), p.last.Done)
	if p.last.Total > 0 {
		line += fmt.Sprintf("/%d", p.last.Total)
	}
	if d := p.last.Counts.Differs; d > 0 {
		line += fmt.Sprintf("  %d differ", d)
	}
	line += fmt.Sprintf("  %ds  %s", int(time.Since(p.begun).Seconds()), p.last.Check)
	if most := p.width - 1; most > 0 && len(line) > most {
		line = line[:most]
	}
	fmt.Fprint(p.w, "\r\x1b[K", line)
}

// end leaves a terminal's line clean.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	p.ended = true
	close(p.stop)
	if p.inPlace {
		fmt.Fprint(p.w, "\r\x1b[K")
	} else if p.last.Part != "" {
		fmt.Fprintln(p.w)
	}
}
