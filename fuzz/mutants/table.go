package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// mutant is a bug that was made on purpose.
type mutant struct {
	at       string // the table's file and line
	name     string
	why      string // what is wrong with it
	survives string // why no check can notice; else empty
	edits    []edit
	checks   []check
}

// edit replaces a text that occurs exactly once in a file.
type edit struct {
	file     string // relative to the module's root
	old, new string
}

// check is a test that has to notice a mutant.
type check struct {
	env    []string
	args   []string // of go test
	canary bool
}

// String returns the check as it is written in a table.
func (c *check) String() string { return strings.Join(slices.Concat(c.env, c.args), " ") }

// trial is one check of one mutant.
type trial struct {
	*mutant
	check *check
}

// trials returns what is to be tried, in the table's order.
func trials(all []*mutant, wanted *regexp.Regexp, canaries bool) (some []trial) {
	for _, m := range all {
		for i := range m.checks {
			if c := &m.checks[i]; wanted.MatchString(m.name) && (c.canary || !canaries) {
				some = append(some, trial{m, c})
			}
		}
	}
	return some
}

// readTable reads all files of a directory.
func readTable(directory string) (all []*mutant, err error) {
	files, err := filepath.Glob(filepath.Join(directory, "*.txt"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		some, err := parse(filepath.Base(file), string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	names := map[string]string{}
	for _, m := range all {
		if at := names[m.name]; at != "" {
			return nil, fmt.Errorf("%s: mutant %s is at %s already", m.at, m.name, at)
		}
		names[m.name] = m.at
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no mutants in %s", directory)
	}
	return all, nil
}

// parser reads one file of a table.
type parser struct {
	all  []*mutant
	file string // of the edits that follow
	old  bool   // the last line was the old text of an edit
	new  bool   // or its new text
}

func parse(name, text string) ([]*mutant, error) {
	var p parser
	for i, line := range strings.Split(text, "\n") {
		at := fmt.Sprintf("%s:%d", name, i+1)
		if err := p.line(at, line); err != nil {
			return nil, fmt.Errorf("%s: %w", at, err)
		}
	}
	for _, m := range p.all {
		if err := m.validate(); err != nil {
			return nil, fmt.Errorf("%s: mutant %s %w", m.at, m.name, err)
		}
	}
	return p.all, nil
}

func (p *parser) line(at, line string) error {
	if strings.TrimSpace(line) == "" || line[0] == '#' {
		p.old, p.new = false, false
		return nil
	}
	if line[0] == '-' || line[0] == '+' {
		return p.text(line[0], line[1:])
	}
	p.old, p.new = false, false
	field, value, ok := strings.Cut(line, ":")
	value = strings.TrimSpace(value)
	if !ok || value == "" {
		return fmt.Errorf("want a field with a value, or an edit: %q", line)
	}
	if field == "mutant" {
		p.all, p.file = append(p.all, &mutant{at: at, name: value}), ""
		return nil
	}
	if len(p.all) == 0 {
		return fmt.Errorf("%s before the first mutant", field)
	}
	return p.field(p.all[len(p.all)-1], field, value)
}

func (p *parser) field(m *mutant, field, value string) error {
	switch field {
	case "why":
		m.why = value
	case "survives":
		m.survives = value
	case "file":
		p.file = value
	case "check", "canary":
		c, err := parseCheck(value)
		c.canary = field == "canary"
		m.checks = append(m.checks, c)
		return err
	default:
		return fmt.Errorf("unknown field %q", field)
	}
	return nil
}

// text adds a line to an edit, a new one if the last is complete.
func (p *parser) text(sign byte, line string) error {
	if len(p.all) == 0 || p.file == "" {
		return fmt.Errorf("an edit without mutant and file before it")
	}
	m := p.all[len(p.all)-1]
	switch {
	case sign == '-' && !p.old:
		m.edits = append(m.edits, edit{file: p.file, old: line})
	case sign == '-':
		m.edits[len(m.edits)-1].old += "\n" + line
	case p.new:
		m.edits[len(m.edits)-1].new += "\n" + line
	case !p.old:
		return fmt.Errorf("new text without an old one before it")
	default:
		m.edits[len(m.edits)-1].new = line
	}
	p.old, p.new = sign == '-', sign == '+'
	return nil
}

// parseCheck reads "NAME=value… arguments of go test".
func parseCheck(text string) (c check, err error) {
	c.args = strings.Fields(text)
	for len(c.args) > 0 && c.args[0][0] != '-' && strings.Contains(c.args[0], "=") {
		c.env, c.args = append(c.env, c.args[0]), c.args[1:]
	}
	for _, arg := range c.args {
		switch {
		case strings.HasPrefix(strings.TrimLeft(arg, "-"), "fuzz"):
			return c, fmt.Errorf("%s: fuzzing writes what it finds into the working tree; use -run for the seeds", arg)
		case arg == "-overlay" || arg == "-v":
			return c, fmt.Errorf("%s is for the command to set", arg)
		}
	}
	if len(c.args) == 0 {
		return c, fmt.Errorf("no arguments for go test")
	}
	return c, nil
}

func (m *mutant) validate() error {
	switch {
	case m.why == "":
		return fmt.Errorf("does not say why it is wrong")
	case len(m.edits) == 0:
		return fmt.Errorf("changes nothing")
	case len(m.checks) == 0:
		return fmt.Errorf("has no check")
	}
	for i := range m.edits {
		if e := &m.edits[i]; e.old == e.new {
			return fmt.Errorf("replaces a text by itself: %q", e.old)
		}
	}
	return nil
}
