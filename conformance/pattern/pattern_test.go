package pattern

import (
	"bytes"
	"testing"
)

func TestBytes(t *testing.T) {
	long := Bytes(1 << 20)
	if short := Bytes(1000); !bytes.HasPrefix(long, short) {
		t.Error("Bytes(1000) is not how Bytes(1<<20) begins")
	}
	if at := bytes.Index(long[1:], long[:8]); at >= 0 {
		t.Errorf("Bytes(1<<20) begins again at %d", at+1)
	}
}
