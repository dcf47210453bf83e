package page

import (
	"bytes"
	"encoding/json"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"go.parity/conformance/trace"
	"go.parity/conformance/way"
)

// sample is a page with every source and one recording.
func sample(t *testing.T) string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	call := func(name, result string, args ...string) *trace.Call {
		return &trace.Call{Name: name, Args: args, Result: result}
	}
	parks := &trace.Diff{Scenario: "accept-parks", Step: "accept", Doc: "Accept before anybody connects: the goroutine parks until a connection comes.", Rows: []trace.Row{
		{Net: call("accept4", "-1 EAGAIN", "listener"), Net2: call("accept4", "-1 EAGAIN", "listener")},
		{Net: &trace.Call{Name: "epoll_pwait", Args: []string{"epoll"}, Result: "1", Poll: true}},
		{Net: call("accept4", "conn", "listener"), Net2: call("accept4", "conn", "listener")},
		{Net: call("epoll_ctl", "0", "epoll", "EPOLL_CTL_ADD", "conn"), Loop: trace.Loop{Calls: 2, Turns: 7}},
	}}
	own := *parks
	own.Rows = append([]trace.Row{{Net2: &trace.Call{Name: "epoll_pwait", Args: []string{"runtime-epoll", "[epoll EPOLLIN]", "-1"}, Result: "1", Poll: true}}}, own.Rows...)
	std := Folder(filepath.Join(strings.TrimSpace(string(root)), "src"))
	std.Version = "go1.26"
	var b bytes.Buffer
	err = Write(&b, Data{
		Diffs: []*trace.Diff{parks}, Own: []*trace.Diff{&own}, NotRecorded: "ptrace is forbidden here",
		Std: std, Ours: Folder(filepath.Join("..", "..", "..")),
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPageHasTheSourceOfEveryFunction(t *testing.T) {
	page := sample(t)
	if n := strings.Count(page, chineseOf("not at hand")); n > 0 {
		t.Errorf("%d sources are not at hand", n)
	}
	for _, p := range way.Paths() {
		if !strings.Contains(page, `id="lesson-`+p.Name+`"`) {
			t.Errorf("lesson %s is not on the page", p.Name)
		}
	}
	for _, bad := range []string{"http://", "url(", "@import", "src=", "ZgotmplZ"} {
		head, _, _ := strings.Cut(page, "</style>")
		if strings.Contains(head, bad) {
			t.Errorf("the head of the page contains %s", bad)
		}
	}
}

// What the page draws and says without a recording's help must name things
// that are on the way.
func TestPicturesAreOfStepsOnTheWay(t *testing.T) {
	met := map[string]bool{}
	for _, p := range lessons() {
		for _, s := range p.Steps {
			met[s.Std.Name] = true
		}
	}
	for _, m := range []map[string][]string{lit, touched} {
		for name := range m {
			if !met[name] {
				t.Errorf("a picture is of %s, which is on no way", name)
			}
		}
	}
}

// Each change of state that the functions make is an arrow that starts at the
// box of the one and ends before that of the other.
func TestStatePictureHasEveryTransition(t *testing.T) {
	want := map[string]bool{ // as runtime/netpoll.go has them
		"pdNil pdWait": true, "pdWait pdNil": true, "pdWait G": true, "pdWait pdReady": true,
		"G pdReady": true, "G pdNil": true, "pdNil pdReady": true, "pdReady pdNil": true,
	}
	touches := func(name string, x, y int) bool {
		for _, s := range states {
			if s.name == name {
				return s.x-4 <= x && x <= s.x+114 && s.y-4 <= y && y <= s.y+40
			}
		}
		return false
	}
	for _, a := range transitions {
		delete(want, a.from+" "+a.to)
		var x, y int
		for i, m := range regexp.MustCompile(`([MHV])(\d+)(?: (\d+))?`).FindAllStringSubmatch(a.path, -1) {
			n, _ := strconv.Atoi(m[2])
			switch m[1] {
			case "M":
				x = n
				y, _ = strconv.Atoi(m[3])
			case "H":
				x = n
			case "V":
				y = n
			}
			if i == 0 && !touches(a.from, x, y) {
				t.Errorf("the arrow from %s to %s starts at %d, %d", a.from, a.to, x, y)
			}
		}
		if !touches(a.to, x, y) {
			t.Errorf("the arrow from %s to %s ends at %d, %d", a.from, a.to, x, y)
		}
	}
	for missing := range want {
		t.Errorf("there is no arrow %s", missing)
	}
}

// A loop is written once, with its turns, beside the calls and in the picture.
func TestPageSaysHowOftenALoopTurns(t *testing.T) {
	page := sample(t)
	for _, want := range []string{"calls × turns:</span> 2 × 7", ">↻ 2 × 7</text>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	own := &trace.Diff{Rows: []trace.Row{{Net2: &trace.Call{Name: "read", Result: "5", Loop: trace.Loop{Calls: 1, Turns: 3}}}}}
	if got := string(lanes("net2", own, ourSide, nil).SVG); !strings.Contains(got, "↻ 1 × 3") {
		t.Error("the picture has no turns of a loop of one side")
	}
}

// With its own poller net2 makes other calls at some steps; the page has both.
func TestPageCutsTheOwnPollersRecordings(t *testing.T) {
	page := sample(t)
	_, step, _ := strings.Cut(page, "16 · <code>netpoll</code>")
	step, _, _ = strings.Cut(step, "</article>")
	if !strings.Contains(step, "epoll_pwait(runtime-epoll, [epoll EPOLLIN], -1) = 1") {
		t.Error("the step netpoll does not have the call of net2's own poller")
	}
	if !regexp.MustCompile(`data-step="16"><code>epoll_pwait\(runtime-epoll`).MatchString(page) {
		t.Error("the recording with net2's own poller does not light at the step netpoll")
	}
}

func TestLanesReadyWhomTheyPark(t *testing.T) {
	d := &trace.Diff{Rows: []trace.Row{{Net: &trace.Call{Name: "read", Result: "-1 EAGAIN"}}}}
	got := string(lanes("net", d, stdSide, nil).SVG)
	for _, want := range []string{"read = -1 EAGAIN", "gopark", "goready"} {
		if !strings.Contains(got, want) {
			t.Errorf("the picture has no %q", want)
		}
	}
}

// Who is the first to wait has the descriptor watched before it parks.
func TestLanesWatchBeforeTheyPark(t *testing.T) {
	d := &trace.Diff{Rows: []trace.Row{
		{Net2: &trace.Call{Name: "read", Result: "-1 EAGAIN"}},
		{Net2: &trace.Call{Name: "epoll_ctl", Args: []string{"epoll", "EPOLL_CTL_ADD", "conn"}, Result: "0"}},
	}}
	got := string(lanes("net2", d, ourSide, nil).SVG)
	if add, park := strings.Index(got, "epoll_ctl ADD"), strings.Index(got, "gopark"); add < 0 || park < add {
		t.Errorf("the watch is at %d, the park at %d", add, park)
	}
}

// probe runs beside the page, which it holds in a frame as narrow as a phone,
// walks it with the keyboard and writes what it found.
const probe = `<!DOCTYPE html><meta charset="utf-8"><iframe id="f" style="width:390px;height:800px;border:0" srcdoc="PAGE"></iframe>
<script>onload = () => {
  const w = document.getElementById("f").contentWindow, d = w.document, found = { wide: [], cut: [], below: [], apart: [], errors: w.errors };
  const at = () => d.getElementById("at").value;
  const press = key => w.dispatchEvent(new w.KeyboardEvent("keydown", { key }));
  found.first = at(); press("ArrowRight"); found.second = at(); press("k"); found.back = at();
  for (const language of ["en", "zh-CN"]) { for (const l of d.querySelectorAll(".lesson")) {
    for (const s of d.querySelectorAll(".lesson.now details")) s.open = true;
    do {
      const here = language + " " + d.querySelector(".lesson.now").id + " " + at();
      if (d.documentElement.scrollWidth > 390) found.wide.push(here);
      for (const e of d.querySelectorAll(".step.now pre, .step.now .drawn, .lesson.now details .drawn")) if (e.scrollWidth > e.clientWidth + 1) found.cut.push(here + " " + e.className);
      if (d.getElementById("back").offsetTop !== d.getElementById("next").offsetTop) found.apart.push(here);
      if (w.scrollY !== 0) found.below.push(here);
      w.scrollTo(0, 200);
      if (at().split(" / ")[0] === at().split(" / ")[1]) break;
      press("j");
    } while (true);
    press("]");
  } press("l"); d.getElementById("lessons").selectedIndex = 0; d.getElementById("lessons").onchange(); }
  setTimeout(() => { w.location.hash = "accept-13"; }, 500);
  setTimeout(() => {
  found.hash = d.querySelector(".lesson.now").id + " " + at(); press("]");
  setTimeout(() => {
  found.moved = w.location.hash; press("l"); found.language = d.documentElement.lang; found.title = d.querySelector("h1").textContent;
  press("l"); found.again = d.documentElement.lang;
  const pre = document.createElement("pre"); pre.id = "found"; pre.textContent = JSON.stringify(found); document.body.append(pre);
  }, 500); }, 1000);
};</script>`

func TestPageWalksInABrowserOnAPhone(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no Chromium to look at the page with")
	}
	watched := strings.Replace(sample(t), "<head>", `<head><script>window.errors = []; onerror = m => errors.push(m);</script>`, 1)
	file := filepath.Join(t.TempDir(), "probe.html")
	if err := os.WriteFile(file, []byte(strings.Replace(probe, "PAGE", html.EscapeString(watched), 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--user-data-dir="+t.TempDir(), "--virtual-time-budget=5000", "--dump-dom", "file://"+file).Output()
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?s)<pre id="found">(.*?)</pre>`).FindSubmatch(out)
	if m == nil {
		t.Fatal("the page did not come up")
	}
	var got struct {
		Wide, Cut, Below, Apart, Errors                          []string
		First, Second, Back, Hash, Moved, Language, Again, Title string
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(string(m[1]))), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Errors) > 0 || len(got.Wide) > 0 {
		t.Errorf("errors %q; wider than a phone: %q", got.Errors, got.Wide)
	}
	if len(got.Cut) > 0 || len(got.Below) > 0 || len(got.Apart) > 0 {
		t.Errorf("cut off %q; a step begins below its head: %q; the buttons stand on two lines: %q", got.Cut, got.Below, got.Apart)
	}
	if got.Hash != "lesson-accept 13 / 22" || got.Moved != "#dial-1" {
		t.Errorf("the address led to %q, and the next lesson to the address %q", got.Hash, got.Moved)
	}
	if got.First != "1 / 9" || got.Second != "2 / 9" || got.Back != got.First {
		t.Errorf("the keys led from %q to %q and back to %q", got.First, got.Second, got.Back)
	}
	if got.Language != "zh-CN" || got.Title != chineseOf("How the network stack works: net and net2") || got.Again != "en" {
		t.Errorf("the language key gave %q, %q, then %q", got.Language, got.Title, got.Again)
	}
}
