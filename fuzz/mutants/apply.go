package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// apply returns the files that a mutant changes, by their paths.
func (m *mutant) apply(root string) (changed map[string]string, err error) {
	changed = map[string]string{}
	for _, e := range m.edits {
		path := filepath.Join(root, filepath.FromSlash(e.file))
		if _, ok := changed[path]; !ok {
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, m.errorf("%v", err)
			}
			changed[path] = string(text)
		}
		if n := strings.Count(changed[path], e.old); n != 1 {
			return nil, m.errorf("the old text occurs %d times in %s, want once: %q", n, e.file, e.old)
		}
		changed[path] = strings.Replace(changed[path], e.old, e.new, 1)
	}
	return changed, nil
}

func (m *mutant) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: mutant %s: %s", m.at, m.name, fmt.Sprintf(format, args...))
}

// overlay writes a mutant into a directory and returns the file that go test
// takes as -overlay.
func (m *mutant) overlay(root, directory string) (file string, err error) {
	changed, err := m.apply(root)
	if err != nil {
		return "", err
	}
	var overlay struct{ Replace map[string]string }
	overlay.Replace = map[string]string{}
	for path, text := range changed {
		copied := filepath.Join(directory, fmt.Sprintf("%d_%s", len(overlay.Replace), filepath.Base(path)))
		if err := os.WriteFile(copied, []byte(text), 0o666); err != nil {
			return "", err
		}
		overlay.Replace[path] = copied
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	file = filepath.Join(directory, "overlay.json")
	return file, os.WriteFile(file, text, 0o666)
}
