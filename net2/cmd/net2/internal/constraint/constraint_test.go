package constraint

import "testing"

func TestNameOnLinux(t *testing.T) {
	for name, want := range map[string]bool{
		"dial.go":              true,
		"fd_unix.go":           true,
		"sock_linux.go":        true,
		"z_linux_amd64.go":     true,
		"asm_linux_arm64.s":    true,
		"linux.go":             true, // a system alone is not a suffix
		"sock_windows.go":      false,
		"z_darwin_arm64.go":    false,
		"interface_plan9.go":   false,
		"_ignored.go":          false,
		"zerrors_linux_ppc.go": true,
	} {
		if got := NameOnLinux(name); got != want {
			t.Errorf("NameOnLinux(%q) = %t, want %t", name, got, want)
		}
	}
}

func TestOnLinux(t *testing.T) {
	for expr, want := range map[string]bool{
		"":                                  true,
		"//go:build linux":                  true,
		"//go:build !linux":                 false,
		"//go:build unix && cgo":            true,
		"//go:build darwin || windows":      false,
		"//go:build !cgo || netgo":          true,
		"//go:build cgo && !cgo":            false,
		"//go:build ignore":                 false,
		"//go:build js && wasm":             false,
		"//go:build linux && net2_portable": true,
		"//go:build !go1.27":                true,
		"//go:build go1.26 && arm64":        true,
	} {
		if got := OnLinux([]byte("// A comment.\n\n" + expr + "\n\npackage p\n")); got != want {
			t.Errorf("OnLinux(%q) = %t, want %t", expr, got, want)
		}
	}
}
