package page

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// probe runs in the page and writes what it found into the document, from
// which --dump-dom brings it here.
const probe = `<script>
addEventListener("load", () => {
  const found = { errors: window.errors };
  const rows = id => [...document.getElementById(id).children].filter(e => !e.hidden).length;
  const body = document.getElementById("api-table").tBodies[0];
  const shown = () => [...body.rows].filter(r => !r.hidden).length;
  found.all = shown();
  const form = document.querySelector("[data-for=api-table]");
  form.querySelector("input").value = "dial";
  form.dispatchEvent(new Event("input"));
  found.text = shown();
  form.querySelector("input").value = "";
  form.querySelector("[data-key=how]").value = "alias";
  form.dispatchEvent(new Event("input"));
  found.how = shown();
  found.output = form.querySelector("output").value;

  const scenarios = document.querySelector("[data-for=scenario-list]");
  scenarios.querySelector("select").value = "differs";
  scenarios.dispatchEvent(new Event("input"));
  found.differs = rows("scenario-list");
  document.querySelector("[data-open=scenario-list]").click();
  found.opened = document.querySelectorAll("#scenario-list details[open]").length;

  const d = document.getElementById("way-accept");
  d.querySelector("summary").click();
  found.expander = d.open;
  found.wide = document.documentElement.scrollWidth > innerWidth;
  dispatchEvent(new Event("beforeprint"));
  found.folded = [...document.querySelectorAll("details:not([open])")].filter(d => !d.closest("#scenario-list")).length;
  const pre = document.createElement("pre");
  pre.id = "probe";
  pre.textContent = JSON.stringify(found);
  document.body.append(pre);
});
</script>`

// watch comes before everything else in the page.
const watch = `<script>window.errors = []; addEventListener("error", e => errors.push(String(e.message)));
addEventListener("securitypolicyviolation", e => errors.push("blocked " + e.blockedURI));</script>`

// A real browser loads the page without an error, its tables filter, its
// expanders open, and it fits a phone. Set PAGE_SCREENSHOTS to a directory to
// look at it.
func TestPageInChromium(t *testing.T) {
	browser := chromium(t)
	page := write(t, sample())
	dir := t.TempDir()
	tested := filepath.Join(dir, "tested.html")
	text := strings.Replace(page, "<head>", "<head>"+watch, 1)
	text = strings.Replace(text, "</body>", probe+"</body>", 1)
	if err := os.WriteFile(tested, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, size string }{{"desktop", "1280,900"}, {"phone", "500,900"}} {
		t.Run(tt.name, func(t *testing.T) {
			out := browser(t, "--dump-dom", "--window-size="+tt.size, "file://"+tested)
			m := regexp.MustCompile(`(?s)<pre id="probe">(.*?)</pre>`).FindSubmatch(out)
			if m == nil {
				t.Fatalf("the page's load event did not come:\n%.2000s", out)
			}
			var got struct {
				Errors                          []string
				All, Text, How, Differs, Opened int
				Output                          string
				Expander, Wide                  bool
				Folded                          int
			}
			if err := json.Unmarshal(bytes.ReplaceAll(m[1], []byte("&quot;"), []byte(`"`)), &got); err != nil {
				t.Fatal(err)
			}
			if len(got.Errors) > 0 {
				t.Errorf("errors on the console: %q", got.Errors)
			}
			if got.All != 3 || got.Text != 1 || got.How != 1 || got.Output != "1 of 3" {
				t.Errorf("API table shows %d, filtered %d and %d (%q), want 3, 1 and 1", got.All, got.Text, got.How, got.Output)
			}
			if got.Differs != 1 || got.Opened != 1 {
				t.Errorf("%d scenarios filtered and %d opened, want 1 and 1", got.Differs, got.Opened)
			}
			if !got.Expander {
				t.Error("the expander of a path does not open")
			}
			if got.Wide {
				t.Error("the page is wider than the window")
			}
			if got.Folded != 0 {
				t.Errorf("%d expanders stay closed for print", got.Folded)
			}
		})
	}
	if shots := os.Getenv("PAGE_SCREENSHOTS"); shots != "" {
		screenshots(t, browser, page, shots)
	}
}

// screenshots takes pictures of the page for people.
func screenshots(t *testing.T, browser func(t *testing.T, args ...string) []byte, page, dir string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, s := range []struct {
		name string
		args []string
	}{
		{"light", []string{"--window-size=1280,3000"}},
		{"dark", []string{"--window-size=1280,3000", "--force-dark-mode", "--blink-settings=preferredColorScheme=0"}},
		{"phone", []string{"--window-size=500,3000"}},
	} {
		browser(t, append(s.args, "--screenshot="+filepath.Join(dir, s.name+".png"), "file://"+file)...)
	}
	browser(t, "--print-to-pdf="+filepath.Join(dir, "page.pdf"), "file://"+file)
}

// chromium returns a function that runs the browser without a window and fails
// the test for what it complains about on the console.
func chromium(t *testing.T) func(t *testing.T, args ...string) []byte {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("there is no Chromium to look at the page with")
	}
	profile := t.TempDir()
	return func(t *testing.T, args ...string) []byte {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
		defer cancel()
		flags := []string{
			"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions", "--no-first-run",
			"--disable-background-networking", "--user-data-dir=" + profile, "--enable-logging=stderr", "--virtual-time-budget=2000",
		}
		cmd := exec.CommandContext(ctx, path, append(flags, args...)...)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil {
			t.Fatalf("%s %q: %v\n%.2000s", path, args, err, errs.String())
		}
		for line := range strings.Lines(errs.String()) {
			if strings.Contains(line, ":CONSOLE") {
				t.Errorf("console: %s", line)
			}
		}
		return out.Bytes()
	}
}
