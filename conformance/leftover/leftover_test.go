package leftover

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"go.parity/conformance/host"
)

// leakEnv says what a child of the test leaves.
const leakEnv = "LEFTOVER_TEST_LEAK"

func TestMain(m *testing.M) {
	patience := 10 * time.Second
	if os.Getenv(leakEnv) != "" {
		patience = 50 * time.Millisecond
	}
	os.Exit(Run(m, patience, nil))
}

func TestRunFailsForWhatIsLeft(t *testing.T) {
	if lack := host.Lacking(host.Linux, host.Proc, host.Loopback); lack != nil {
		t.Skip(lack)
	}
	for what, want := range map[string]int{"nothing": 0, "a descriptor": 1, "a goroutine": 1} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestLeaves$")
		cmd.Env = append(os.Environ(), leakEnv+"="+what)
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != want {
			t.Errorf("with %s left the status is %d, want %d:\n%s", what, got, want, out)
		}
	}
}

var kept *os.File

// TestLeaves leaves something, in a child of the test above.
func TestLeaves(t *testing.T) {
	switch os.Getenv(leakEnv) {
	case "a descriptor":
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		kept = f
	case "a goroutine":
		go func() { select {} }()
	}
}
