package rewrite

import (
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/mod/modfile"
)

const usage = `usage: net2 rewrite [-d] [-tags list] [-replace folder] [packages]
       net2 rewrite -undo

Rewrite puts go.parity/net2 in place of net in the files of your own
packages, tests included, and in go.mod. It first says where that changes more
than the connections, and changes nothing if the result would not compile.
`

type options struct {
	diff, undo bool
	tags       string
	replace    string
	patterns   []string
}

// Command runs net2 rewrite in the current folder. It writes the report to
// stderr and a diff to stdout.
func Command(args []string, stdout, stderr io.Writer) error {
	var o options
	flags := flag.NewFlagSet("net2 rewrite", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&o.diff, "d", false, "print the diff and change nothing")
	flags.BoolVar(&o.undo, "undo", false, "give the files back their bytes")
	flags.StringVar(&o.tags, "tags", "", "the build's tags")
	flags.StringVar(&o.replace, "replace", "", "the folder that go.parity is in")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return nil
	} else if err != nil {
		return err
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	root, err := moduleRoot(dir)
	if err != nil {
		return err
	}
	if o.patterns = flags.Args(); o.undo {
		return o.runUndo(root, stderr)
	}
	if len(o.patterns) == 0 {
		o.patterns = []string{"."}
	}
	return o.swap(dir, stdout, stderr)
}

func (o options) runUndo(root string, stderr io.Writer) error {
	if o.diff || len(o.patterns) > 0 {
		return errors.New("-undo takes no other flag and no packages: it undoes all of this module")
	}
	edited, err := undo(root)
	for _, name := range edited {
		fmt.Fprintf(stderr, "%s was edited after the swap: net is back, the edits stay\n", name)
	}
	return err
}

// buildFlags are the go command's own.
func (o options) buildFlags(more ...string) []string {
	if o.tags != "" {
		more = append(more, "-tags="+o.tags)
	}
	return more
}

// swap reports, tries the result, and then changes the files.
func (o options) swap(dir string, stdout, stderr io.Writer) error {
	before, err := load(dir, o.buildFlags(), o.patterns, nil)
	if err != nil {
		return err
	}
	if wrong := before.errors(); len(wrong) > 0 {
		return fmt.Errorf("the packages do not compile as they are: %s", wrong[0])
	}
	plan, err := before.plan()
	if err != nil {
		return err
	}
	if len(plan.files) == 0 {
		return errors.New("no file there imports net")
	}
	for _, c := range before.findings() {
		fmt.Fprintln(stderr, c)
	}
	if err := plan.requireAll(o.replace); err != nil {
		return err
	}
	defer plan.remove()
	for _, note := range plan.notes() {
		fmt.Fprintln(stderr, note)
	}
	if err := o.try(dir, plan, stderr); err != nil {
		return err
	}
	if o.diff {
		for _, c := range plan.changes() {
			writeDiff(stdout, plan.shown(c.path), c.before, c.after)
		}
		return nil
	}
	return plan.write()
}

// try compiles the packages as the swap would leave them.
func (o options) try(dir string, p *plan, stderr io.Writer) error {
	overlay := make(map[string][]byte)
	for _, f := range p.files {
		overlay[f.path] = f.after
	}
	var flags []string
	if p.modfile != "" {
		flags = append(flags, "-modfile="+p.modfile)
	}
	after, err := load(dir, o.buildFlags(flags...), o.patterns, overlay)
	if err != nil {
		return err
	}
	wrong := after.errors()
	for _, c := range wrong {
		fmt.Fprintln(stderr, c)
	}
	if len(wrong) > 0 {
		return fmt.Errorf("with net2 this does not compile (errors: %d): nothing was changed", len(wrong))
	}
	return nil
}

// A plan is all that a swap changes.
type plan struct {
	loaded       loaded
	files        []swappedFile
	requirements map[string]requirement // by the root of the module
	modfile      string
}

type swappedFile struct {
	change
	was []string
}

// plan swaps the imports, in memory.
func (l loaded) plan() (*plan, error) {
	p := &plan{loaded: l, requirements: make(map[string]requirement)}
	for _, name := range l.files() {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		swapped, was, err := swapImports(name, content)
		if err != nil {
			return nil, err
		}
		if len(was) > 0 {
			p.files = append(p.files, swappedFile{change{path: name, before: content, after: swapped}, was})
		}
	}
	return p, nil
}

// requireAll works out the go.mod of each module.
func (p *plan) requireAll(replace string) error {
	for _, f := range p.files {
		root := p.loaded.rootOf(f.path)
		if _, done := p.requirements[root]; done {
			continue
		}
		r, err := require(root, replace)
		if err != nil {
			p.remove()
			return err
		}
		if p.requirements[root] = r; r.modfile != "" {
			p.modfile = r.modfile
		}
	}
	if p.modfile != "" && len(p.requirements) > 1 {
		p.remove()
		return errors.New("the packages belong to several modules of a workspace: first add go.parity to the workspace, with go work use")
	}
	return nil
}

func (p *plan) remove() {
	for _, r := range p.requirements {
		r.remove()
	}
}

// changes are those of Go files, then those of go.mod and go.sum.
func (p *plan) changes() []change {
	var all []change
	for _, f := range p.files {
		all = append(all, f.change)
	}
	for _, r := range p.requirements {
		all = append(all, r.changes...)
	}
	return all
}

// notes say what deserves a look beside the findings.
func (p *plan) notes() []string {
	var notes []string
	for _, f := range p.files {
		file, err := parser.ParseFile(token.NewFileSet(), f.path, f.before, parser.ParseComments|parser.PackageClauseOnly)
		if err == nil && ast.IsGenerated(file) {
			notes = append(notes, p.shown(f.path)+": the file is generated, and will import net again when it is made anew")
		}
	}
	for _, c := range p.changes() {
		if filepath.Base(c.path) != "go.mod" {
			continue
		}
		if was, is := goVersion(c.before), goVersion(c.after); was != is {
			notes = append(notes, fmt.Sprintf("%s: net2 needs go %s, and with %q in place of %q the language and GODEBUG change for the whole module", p.shown(c.path), is, "go "+is, "go "+was))
		}
	}
	return notes
}

func goVersion(mod []byte) string {
	file, err := modfile.ParseLax("go.mod", mod, nil)
	if err != nil || file.Go == nil {
		return "1.16" // the go command's choice if go.mod names no version
	}
	return file.Go.Version
}

// shown is a path as a diff names it.
func (p *plan) shown(path string) string {
	if rel, err := filepath.Rel(p.loaded.rootOf(path), path); err == nil {
		return filepath.ToSlash(rel)
	}
	return path
}

// write makes all the changes, or none. It writes the record first: if
// something ends this program in between, undo can take the changes back.
func (p *plan) write() error {
	records := make(map[string]*record)
	for root := range p.requirements {
		r, err := readRecord(root)
		if err != nil {
			return err
		}
		records[root] = &r
	}
	for _, f := range p.files {
		root := p.loaded.rootOf(f.path)
		if err := records[root].note(root, f.change, f.was); err != nil {
			return err
		}
	}
	var all []change
	for root, required := range p.requirements {
		for _, c := range required.changes {
			if err := records[root].note(root, c, nil); err != nil {
				return err
			}
		}
		c, err := records[root].change(root)
		if err != nil {
			return err
		}
		all = append(all, c)
	}
	return writeAll(append(all, p.changes()...))
}
