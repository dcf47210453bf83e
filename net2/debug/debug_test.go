//go:build linux

package debug

import (
	"encoding/json"
	"expvar"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.parity/net2"
)

// get asks http.DefaultServeMux for a page.
func get(t *testing.T, path string) string {
	t.Helper()
	w := httptest.NewRecorder()
	http.DefaultServeMux.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("GET %s = %d, %s", path, w.Code, w.Body)
	}
	return w.Body.String()
}

func openHere(t *testing.T) net2.Listener {
	l, err := net2.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestPageShowsWhoOpenedAndWaits(t *testing.T) {
	net2.TraceOpen(true)
	defer net2.TraceOpen(false)
	l := openHere(t)
	accepted := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		accepted <- err
	}()
	wanted := []string{l.Addr().String(), "listening", "read ", ".openHere\n", "(*TCPListener).Accept\n", "waited on for "}
	var page string
	missing := func() string {
		page = get(t, "/debug/net2")
		for _, want := range wanted {
			if !strings.Contains(page, want) {
				return want
			}
		}
		return ""
	}
	for end := time.Now().Add(10 * time.Second); missing() != ""; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the page has no %q:\n%s", missing(), page)
		}
	}
	l.Close()
	<-accepted
	if page := get(t, "/debug/net2"); strings.Contains(page, l.Addr().String()) {
		t.Errorf("the page has a closed listener:\n%s", page)
	}
}

func TestVariableCountsSockets(t *testing.T) {
	count := func() map[string]int {
		var vars map[string]int
		if err := json.Unmarshal([]byte(expvar.Get("net2").String()), &vars); err != nil {
			t.Fatal(err)
		}
		return vars
	}
	before := count()
	l := openHere(t)
	during := count()
	l.Close()
	after := count()
	for _, name := range []string{"open", "tcp listening"} {
		if during[name] != before[name]+1 || after[name] != before[name] {
			t.Errorf("%s: %d, then %d, then %d, want one more in between", name, before[name], during[name], after[name])
		}
	}
}

func TestWriteOfNothingKnown(t *testing.T) {
	var b strings.Builder
	write(&b, []net2.Connection{{Descriptor: 7}}, time.Time{})
	const want = "fd  network  state  local  remote  received  sent  age  waits\n7   -        -      -      -       0         0     -    -\n"
	if b.String() != want {
		t.Errorf("write = %q, want %q", b.String(), want)
	}
}
