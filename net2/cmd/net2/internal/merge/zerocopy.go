package merge

import (
	"fmt"
	"go/ast"
	"go/token"
)

// taught are the functions of internal/poll that package os copies with between
// a file and a connection, and Init, each with what it does first: an FD may
// stand for a connection of net2, which has been initialised.
var taught = map[string]string{
	"FD.Init":  "if fd.conn != nil { return syscall.EEXIST }",
	"Splice":   "if src.conn != nil { return src.conn.SpliceTo(dst, remain) }",
	"sendFile": "if dstFD.conn != nil { return dstFD.sendFromFile(src, size) }",
}

// addZeroCopy teaches internal/poll to copy between files and net2's
// connections.
func (m *merger) addZeroCopy() error {
	files, err := ReadPackage(m.Goroot, "internal/poll")
	if err != nil {
		return err
	}
	p, err := parse("internal/poll", files)
	if err != nil {
		return err
	}
	found := 0
	for _, s := range p.sources {
		edits := append(asksFirst(s), standsForConn(s)...)
		found += len(edits)
		if len(edits) > 0 {
			m.addChangedStd("internal/poll", s.name, s.content, apply(s.content, edits))
		}
	}
	if want := len(taught) + 1; found != want {
		return fmt.Errorf("internal/poll copies between files and connections in another way than is known: %d of %d places found", found, want)
	}
	for name, folder := range map[string]string{
		"poll_conn.go":        "internal/poll",
		"net_zero_copy.go":    "net",
		"poll_splice_file.go": folders["go.parity/poll"],
	} {
		if err := m.addFile(folder, name); err != nil {
			return err
		}
	}
	return nil
}

// asksFirst makes functions look for a connection of net2 first. Lines stay as
// they are.
func asksFirst(s *source) []edit {
	var edits []edit
	for _, fn := range functions(s) {
		if text, ok := taught[funcName(fn)]; ok {
			at := s.offset(fn.Body.Lbrace) + 1
			edits = append(edits, edit{at, at, " " + text})
		}
	}
	return edits
}

// standsForConn adds a field to type FD: the connection that it stands for.
func standsForConn(s *source) []edit {
	for _, decl := range s.syntax.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.TYPE {
			continue
		}
		for _, spec := range gen.Specs {
			spec := spec.(*ast.TypeSpec)
			if fields, ok := spec.Type.(*ast.StructType); ok && spec.Name.Name == "FD" {
				at := s.offset(fields.Fields.Closing)
				return []edit{{at, at, " conn Conn "}}
			}
		}
	}
	return nil
}
