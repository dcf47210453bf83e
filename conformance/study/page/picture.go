package page

import (
	"fmt"
	"html"
	"html/template"
	"slices"
	"strings"

	"go.parity/conformance/trace"
	"go.parity/conformance/way"
)

// A picture is drawn of a recording.
type picture struct {
	Stack string
	SVG   template.HTML
}

func stdSide(r trace.Row) *trace.Call { return r.Net }
func ourSide(r trace.Row) *trace.Call { return r.Net2 }

// The lanes of a recording, from the left.
const (
	goroutine = iota
	scheduler
	epoll
	kernel
)

var laneNames = []string{"goroutine", "scheduler", "epoll", "kernel"}

// lanes draws who calls whom. What a recording shows is the calls, that one
// found nothing, and that a poller was told; that the goroutine parks after the
// one, having seen to it that the poller watches, and is readied before its next
// call follows from it.
func lanes(stack string, d *trace.Diff, side func(trace.Row) *trace.Call, steps cut) picture {
	const width, lane, top, line = 640, 160, 40, 34
	var b strings.Builder
	y, parks, parked := top, false, false
	x := func(i int) int { return lane/2 + i*lane }
	step := 0 // that makes the call being drawn
	arrow := func(from, to int, text string) {
		tip := 6
		if to < from {
			tip = -6
		}
		fmt.Fprintf(&b, `<g data-step="%d"><path d="M%d %dH%dm%d -4l%d 4l%d 4"/>%s</g>`,
			step, x(from), y, x(to), -tip, tip, -tip, svgText("", (x(from)+x(to))/2, y-6, text))
		y += line
	}
	park := func() {
		if parks {
			arrow(goroutine, scheduler, "gopark")
			parks, parked = false, true
		}
	}
	ready := func() {
		park()
		if parked {
			arrow(scheduler, goroutine, "goready")
			parked = false
		}
	}
	for _, r := range d.Rows {
		c := side(r)
		step = 0
		switch {
		case c == nil:
		case c.Poll:
			park()
			step = steps[c]
			arrow(kernel, epoll, "event")
			arrow(epoll, scheduler, c.Name)
		case c.Name == "epoll_ctl" && len(c.Args) > 1:
			op := strings.TrimPrefix(c.Args[1], "EPOLL_CTL_")
			if op == "DEL" || !parks {
				ready()
			}
			step = steps[c]
			arrow(goroutine, epoll, c.Name+" "+op)
		default:
			ready()
			step = steps[c]
			arrow(goroutine, kernel, c.Name+" = "+c.Result)
			parks = c.Blocked()
		}
		if l := loopOf(r, c); l.Turns > 0 {
			fmt.Fprintf(&b, `<g data-step="%d">%s</g>`, step, svgText("", x(scheduler)+lane/2, y-6, fmt.Sprintf("↻ %d × %d", l.Calls, l.Turns)))
			y += line
		}
	}
	step = 0
	ready()
	var head strings.Builder
	for i, name := range laneNames {
		fmt.Fprintf(&head, `%s<line x1="%d" y1="20" x2="%d" y2="%d"/>`, svgText("lane", x(i), 14, name), x(i), x(i), y)
	}
	return picture{stack, template.HTML(fmt.Sprintf(`<svg class="lanes" viewBox="0 0 %d %d" role="img" %s>%s%s</svg>`,
		width, y, label("who calls whom, from the first call to the last"), head.String(), b.String()))}
}

// loopOf returns the loop that ends with a call of a row, on its own side or on
// both.
func loopOf(r trace.Row, c *trace.Call) trace.Loop {
	if c != nil && c.Loop.Turns > 0 {
		return c.Loop
	}
	return r.Loop
}

// svgText writes a text of a picture, with its Chinese if it has any: names
// have none.
func svgText(class string, x, y int, text string) string {
	attr := ""
	if class != "" {
		attr = ` class="` + class + `"`
	}
	if c, ok := chinese[text]; ok {
		attr += ` data-zh="` + html.EscapeString(c) + `"`
	}
	return fmt.Sprintf(`<text%s x="%d" y="%d">%s</text>`, attr, x, y, html.EscapeString(text))
}

// lit says which states of rg or wg a function is about.
var lit = map[string][]string{
	"pdNil": {"pdNil", "pdWait", "G", "pdReady"}, "poll_runtime_pollReset": {"pdNil"}, "(*pollDesc).prepareRead": {"pdNil"}, "(*pollDesc).prepareWrite": {"pdNil"},
	"netpollblock": {"pdNil", "pdWait", "pdReady"}, "netpollblockcommit": {"pdWait", "G"}, "gopark": {"G"},
	"netpollunblock": {"pdNil", "pdWait", "pdReady", "G"}, "netpollready": {"pdWait", "pdReady", "G"}, "poll_runtime_pollUnblock": {"pdNil", "pdWait", "G"},
	"netpolldeadlineimpl": {"pdNil", "pdWait", "G"}, "poll_runtime_pollWait": {"pdNil", "pdWait"}, "injectglist": {"pdReady"},
}

// transitions are the arrows between the states of rg and wg, each with what
// changes the one into the other.
var transitions = []struct {
	from, to   string
	path, text string
	x, y       int
}{
	{"pdNil", "pdWait", "M120 30H246l-6 -4m6 4l-6 4", "netpollblock", 183, 22},
	{"pdWait", "pdNil", "M250 46H124l6 -4m-6 4l6 4", "deadline, Close, error", 185, 74},
	{"pdWait", "G", "M360 38H486l-6 -4m6 4l-6 4", "commit", 423, 32},
	{"pdWait", "pdReady", "M305 56V106l-4 -6m4 6l4 -6", "event", 330, 84},
	{"G", "pdReady", "M545 56V128H364l6 -4m-6 4l6 4", "event: goready", 455, 148},
	{"G", "pdNil", "M545 20V2H65V16l-4 -6m4 6l4 -6", "deadline, Close: goready", 305, -3},
	{"pdNil", "pdReady", "M70 56V116H246l-6 -4m6 4l-6 4", "event", 160, 108},
	{"pdReady", "pdNil", "M250 134H30V60l-4 6m4 -6l4 6", "consumed", 140, 151},
}

// states are the boxes, by their upper left corners.
var states = []struct {
	name string
	x, y int
}{{"pdNil", 10, 20}, {"pdWait", 250, 20}, {"G", 490, 20}, {"pdReady", 250, 110}}

// statePicture draws the states of one side of a pollDesc, those of the step lit.
func statePicture(s way.Step) template.HTML {
	on, ok := lit[s.Std.Name]
	if !ok {
		return ""
	}
	var b strings.Builder
	for _, box := range states {
		fmt.Fprintf(&b, `<g class="%s"><rect x="%d" y="%d" width="110" height="36" rx="6"/>%s</g>`,
			class(on, box.name), box.x, box.y, svgText("", box.x+55, box.y+23, box.name))
	}
	for _, a := range transitions {
		fmt.Fprintf(&b, `<path d="%s"/>%s`, a.path, svgText("", a.x, a.y, a.text))
	}
	return template.HTML(`<svg class="states" viewBox="0 -16 620 172" role="img" ` + string(label("the states of rg and wg, those of this step lit")) + `>` + b.String() + `</svg>`)
}

func class(on []string, name string) string {
	if slices.Contains(on, name) {
		return "on"
	}
	return "off"
}

// touched says which bits of fdMutex a function changes.
var touched = map[string][]string{
	"fdMutex": {"R", "W", "ref", "rwait", "wwait", "closed"}, "(*fdMutex).rwlock": {"R", "W", "ref", "rwait", "wwait"}, "(*FD).readLock": {"R", "ref"}, "(*FD).writeLock": {"W", "ref"},
	"(*FD).readUnlock": {"R", "ref"}, "(*FD).writeUnlock": {"W", "ref"}, "(*fdMutex).increfAndClose": {"closed", "ref", "rwait", "wwait"},
	"(*FD).decref": {"ref"},
}

// mutexPicture draws the word of fdMutex, the lowest bit on the right.
func mutexPicture(s way.Step) template.HTML {
	on, ok := touched[s.Std.Name]
	if !ok {
		return ""
	}
	var b strings.Builder
	x := 10
	for _, f := range []struct {
		name, bits string
		width      int
	}{{"wwait", "43–62", 130}, {"rwait", "23–42", 130}, {"ref", "3–22", 130}, {"W", "2", 50}, {"R", "1", 50}, {"closed", "0", 80}} {
		fmt.Fprintf(&b, `<g class="%s"><rect x="%d" y="10" width="%d" height="34"/>%s%s</g>`,
			class(on, f.name), x, f.width, svgText("", x+f.width/2, 32, f.name), svgText("", x+f.width/2, 58, f.bits))
		x += f.width
	}
	return template.HTML(`<svg class="bits" viewBox="0 0 620 64" role="img" ` + string(label("the bits of fdMutex, those of this step lit")) + `>` + b.String() + `</svg>`)
}
