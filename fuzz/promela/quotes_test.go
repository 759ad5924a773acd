package promela

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// quoted is what a model quotes of one function, in one place.
type quoted struct {
	at         string // in the model
	file, name string // name is that of the function, with its receiver's type
	statements []string
}

// quotes returns what a model quotes: behind a double slash with an at sign, file and
// function; behind a double slash, a statement.
func quotes(t *testing.T, model string) (all []quoted) {
	text, err := os.ReadFile(model)
	require.NoError(t, err)
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		_, comment, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "//")
		if !ok {
			if strings.HasPrefix(line, "}") {
				all = append(all, quoted{}) // an inline or a process ends
			}
			continue
		}
		if place, ok := strings.CutPrefix(comment, "@ "); ok {
			file, name, ok := strings.Cut(place, " ")
			require.True(t, ok, "%s:%d", model, n)
			all = append(all, quoted{at: fmt.Sprintf("%s:%d", model, n), file: file, name: name})
			continue
		}
		require.True(t, len(all) > 0 && all[len(all)-1].file != "", "%s:%d: a quote without a function", model, n)
		last := &all[len(all)-1]
		last.statements = append(last.statements, strings.TrimSpace(comment))
	}
	return slices.DeleteFunc(all, func(q quoted) bool { return q.file == "" })
}

// function is one in the code.
type function struct {
	lines    []string // trimmed, without comments; the body of a one-liner too
	accesses []string // the calls of methods of atomic words
}

// atomicMethods are those of atomic words. Those who have others of the same name
// quote them, too.
var atomicMethods = []string{"Load", "Store", "Swap", "CompareAndSwap", "Add", "And", "Or"}

// functions returns those of a Go file by their names, with the receiver's type.
func functions(t *testing.T, file, source string) map[string]function {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, source, 0)
	require.NoError(t, err)
	all := map[string]function{}
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		text := func(from, to token.Pos) string {
			return source[set.Position(from).Offset:set.Position(to).Offset]
		}
		var got function
		for line := range strings.Lines(text(f.Pos(), f.End())) {
			line, _, _ = strings.Cut(line, " // ")
			got.lines = append(got.lines, strings.TrimSpace(line))
		}
		if len(got.lines) == 1 {
			got.lines = append(got.lines, strings.TrimSpace(text(f.Body.Lbrace+1, f.Body.Rbrace)))
		}
		ast.Inspect(f.Body, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if s, ok := call.Fun.(*ast.SelectorExpr); ok && slices.Contains(atomicMethods, s.Sel.Name) {
					got.accesses = append(got.accesses, text(call.Pos(), call.End()))
				}
			}
			return true
		})
		all[receiver(f)+f.Name.Name] = got
	}
	return all
}

// receiver returns the type of a method's receiver and a dot.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	e := f.Recv.List[0].Type
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	if generic, ok := e.(*ast.IndexExpr); ok {
		e = generic.X
	}
	return e.(*ast.Ident).Name + "."
}

// missing returns the first statement that is not in the function, or not behind
// those before it. What is deferred is quoted where it happens.
func (f function) missing(statements []string) (statement string, found bool) {
	rest := f.lines
	for _, s := range statements {
		lines := rest
		if strings.HasPrefix(s, "defer ") {
			lines = f.lines
		}
		i := slices.Index(lines, s)
		if i < 0 {
			return s, true
		}
		if !strings.HasPrefix(s, "defer ") {
			rest = lines[i+1:]
		}
	}
	return "", false
}

// modelledWhole are the files of whose functions that are quoted every atomic access
// has to be. Elsewhere there are accesses that have no part in the protocols.
var modelledWhole = []string{"ring/ring.go", "ring/bell.go", "ring/room.go", "shard/op.go", "shard/inbox.go"}

// drift returns what the models say otherwise than the code.
func drift(t *testing.T, read func(file string) string) (complaints []string) {
	models, err := filepath.Glob("*.pml")
	require.NoError(t, err)
	files := map[string]map[string]function{}
	said := map[string]map[string]int{} // how often an access, in the place that has it most often
	for _, model := range models {
		all := quotes(t, model)
		require.NotEmpty(t, all, model)
		for _, q := range all {
			if files[q.file] == nil {
				files[q.file] = functions(t, q.file, read(q.file))
			}
			f, ok := files[q.file][q.name]
			if !ok {
				complaints = append(complaints, fmt.Sprintf("%s: %s has no function %s", q.at, q.file, q.name))
				continue
			}
			if s, ok := f.missing(q.statements); ok {
				complaints = append(complaints, fmt.Sprintf("%s: %s has no %q, or not in this order", q.at, q.name, s))
			}
			key := q.file + " " + q.name
			if said[key] == nil {
				said[key] = map[string]int{}
			}
			for _, access := range f.accesses {
				n := strings.Count(strings.Join(q.statements, "\n"), access)
				said[key][access] = max(said[key][access], n)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(said)) {
		file, name, _ := strings.Cut(key, " ")
		if slices.Contains(modelledWhole, file) {
			complaints = append(complaints, files[file][name].unsaid(name, said[key])...)
		}
	}
	return complaints
}

// unsaid returns the accesses of a function that are more than what was said of it.
func (f function) unsaid(name string, said map[string]int) (complaints []string) {
	has := map[string]int{}
	for _, access := range f.accesses {
		if has[access]++; has[access] == said[access]+1 {
			complaints = append(complaints, fmt.Sprintf("no model has this %s of %s", access, name))
		}
	}
	return complaints
}

// fromCode reads a file of the code.
func fromCode(t *testing.T) func(file string) string {
	return func(file string) string {
		text, err := os.ReadFile(filepath.Join("..", "..", file))
		require.NoError(t, err)
		return string(text)
	}
}

// What the models quote is in the code, in that order, and no atomic access is left
// out. If this fails, change the model, too, and search it again.
func TestModelsQuoteTheCode(t *testing.T) {
	require.Empty(t, drift(t, fromCode(t)))
}

// Changes of a protocol are noticed.
func TestDriftIsNoticed(t *testing.T) {
	for _, c := range []struct{ name, file, old, new string }{
		{"not written", "ring/ring.go", "\t*r.Slot(position) = *v\n", ""},
		{"claim without swap", "ring/ring.go", "if r.tail.CompareAndSwap(tail, tail+uint64(n)) {", "if r.tail.Store(tail + uint64(n)); true {"},
		{"head before tail", "ring/ring.go", "\t\ttail := r.tail.Load()\n\t\tif tail&closed != 0 {\n", "\t\thead := r.head.Load()\n\t\ttail := r.tail.Load()\n\t\tif tail&closed != 0 {\n"},
		{"not cleared", "ring/ring.go", "\t\ts.value = zero\n", ""},
		{"no look after arming", "shard/owner.go", "\ts.bell.Arm(before)\n\tdefer s.bell.Disarm()\n\tif s.ring.Ready() {\n\t\treturn\n\t}\n", "\tif s.ring.Ready() {\n\t\treturn\n\t}\n\ts.bell.Arm(before)\n\tdefer s.bell.Disarm()\n"},
		{"settled without swap", "shard/op.go", "return t.state.CompareAndSwap(ticketStaged, ticketSettled)", "return t.state.Swap(ticketSettled) == ticketStaged"},
		{"rings before it enters", "shard/stage.go", "\ts.room.Enter()\n\tdefer s.room.Leave()\n\tfor {\n", "\tfor {\n"},
		{"renamed", "ring/room.go", ") Admit(", ") Seat("},
	} {
		read := fromCode(t)
		complaints := drift(t, func(file string) string {
			text := read(file)
			if file == c.file {
				require.Equal(t, 1, strings.Count(text, c.old), c.name)
				text = strings.Replace(text, c.old, c.new, 1)
			}
			return text
		})
		require.NotEmpty(t, complaints, c.name)
		t.Logf("%s: %s", c.name, complaints[0])
	}
}
