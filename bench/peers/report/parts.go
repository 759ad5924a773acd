package main

import (
	"io"
)

func writeParts(w io.Writer, r *results, p *plan)  {}
func writeBars(w io.Writer, p *plan, r *results)   {}
func (p *plan) cross(c scenarios, traces []string) {}
