package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTableIsUpToDate(t *testing.T) {
	want, err := generate("..", "net2", "go.parity/net2")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../net2.go")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("stack/net2.go is not what is generated from stack/net.go: go generate ./conformance/stack")
	}
}

func TestGenerateOther(t *testing.T) {
	dir := t.TempDir()
	const text = `package stack

import (
	"io"
	"net"
)

func netDialer() *net.Dialer { return new(net.Dialer) }

// Net is the table of package net.
var Net = &Stack{
	Name: "net",
	Dial: netDialer().Dial,
	EOF:  io.EOF,
}
`
	if err := os.WriteFile(filepath.Join(dir, source), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := generate(dir, "other", "example.org/other")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"DO NOT EDIT", `net "example.org/other"`, "func otherDialer() *net.Dialer { return new(net.Dialer) }",
		"// Other is the table of package example.org/other.\nvar Other = &Stack{", `"other",`, "otherDialer().Dial,", "io.EOF,",
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("generate() lacks %s:\n%s", want, got)
		}
	}
}
