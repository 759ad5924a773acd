package main

import (
	"go/ast"
	goparser "go/parser"
	"go/token"
	"os"
	"path/filepath"
)

// source is a file as Go, whole and in part.
type source struct {
	whole   *ast.File
	bare    *ast.File // without the bodies of its functions
	outline string    // the text of the bare one
}

// sources are files, each parsed once.
type sources struct {
	root  string
	fset  *token.FileSet
	files map[string]*source
}

func (s *sources) file(path string) (*source, error) {
	if f := s.files[path]; f != nil {
		return f, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := s.parse(path, string(text))
	if err != nil {
		return nil, err
	}
	s.files[path] = f
	return f, nil
}

// parse parses a text in place of a file.
func (s *sources) parse(path, text string) (*source, error) {
	name, err := filepath.Rel(s.root, path)
	if err != nil {
		return nil, err
	}
	whole, err := goparser.ParseFile(s.fset, name, text, goparser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	bare, outline := s.bare(whole, text)
	return &source{whole, bare, outline}, nil
}

// bare returns a file without the bodies of its functions, and what remains of its
// text.
func (s *sources) bare(whole *ast.File, text string) (bare *ast.File, outline string) {
	copied := *whole
	bare, copied.Decls = &copied, nil
	offset := func(p token.Pos) int { return s.fset.Position(p).Offset }
	at := 0
	for _, d := range whole.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
			outline += text[at:offset(f.Body.Lbrace)]
			at = offset(f.Body.Rbrace)
			f := *f
			f.Body = nil
			d = &f
		}
		bare.Decls = append(bare.Decls, d)
	}
	return bare, outline + text[at:]
}
