package sources

import "testing"

func TestArchiveIsUpToDate(t *testing.T) {
	embedded, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	current, err := Collect(".")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range current {
		if old, ok := embedded[name]; !ok {
			t.Errorf("%s is not in the archive", name)
		} else if string(old) != string(content) {
			t.Errorf("%s has changed since the archive was made", name)
		}
	}
	for name := range embedded {
		if _, ok := current[name]; !ok {
			t.Errorf("%s is in the archive, but is not a source any more", name)
		}
	}
	if t.Failed() {
		t.Log("run: go generate ./net2/cmd/net2/...")
	}
}

func TestPackKeepsContent(t *testing.T) {
	files := Files{"a/x.go": []byte("package a\n"), "b/y.s": nil}
	archive, err := files.Pack()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Unpack(archive)
	if err != nil {
		t.Fatal(err)
	}
	if got.Hash() != files.Hash() {
		t.Errorf("unpacked %v, packed %v", got, files)
	}
	if in := got.In("a"); len(in) != 1 || string(in["x.go"]) != "package a\n" {
		t.Errorf("In(a) = %v", in)
	}
}
