package page

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"io/fs"
	"slices"

	"go.parity/conformance/way"
)

//go:generate go run ./pack

// archive has the files of the library that the ways lead through, for whoever
// runs the command far from a checkout.
//
//go:embed sources.zip
var archive []byte

// archived is the source in the archive.
func archived() Source {
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return Source{} // not at hand
	}
	return Source{files: r}
}

// Pack makes the archive of the library's files below root.
func Pack(root fs.FS) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range ourFiles() {
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return nil, err
		}
		entry, err := w.Create(name)
		if err != nil {
			return nil, err
		}
		if _, err := entry.Write(text); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// ourFiles are the files of the library that the page shows functions of.
func ourFiles() []string {
	var names []string
	for _, p := range lessons() {
		for _, s := range p.Steps {
			for _, f := range []way.Func{s.Ours, s.OursInside} {
				if f.File != "" {
					names = append(names, f.File)
				}
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
