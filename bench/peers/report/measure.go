package main

import (
	"io"
)

func (f *reportFlags) measure(p *plan, out, progress io.Writer) (faults int, err error) {
	return 0, nil
}
