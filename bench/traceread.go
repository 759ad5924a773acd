package bench

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// The format of a trace: a line "target", then a line per operation with its
// 64-bit key as 16 lower-case hexadecimal digits. Lines end with LF or CRLF;
// the last one needs no end, and one empty line may follow it.
const (
	traceHeader = "target"
	keyDigits   = 16
	wantKey     = "a key of 16 lower-case hexadecimal digits"
	wantHeader  = `the header "` + traceHeader + `"`
)

// Limits of a trace.
const (
	maxTraceLength = 1 << 26 // operations; 4 GiB of memory if no two are of one target
	maxTraceLine   = 4096    // bytes; a longer line is not read to its end
)

// TraceError is what is wrong with a line of a trace.
type TraceError struct {
	Name  string // of the file
	Line  int    // from 1
	Found string // in words, with the text itself quoted and cut short
	Want  string // in words
}

func (e *TraceError) Error() string {
	return fmt.Sprintf("bench: trace %s:%d: found %s where %s is expected", e.Name, e.Line, e.Found, e.Want)
}

// ReadTrace reads a trace, plain or compressed with gzip, which it tells by
// the content and not by the name. It reads all of it before it returns, so a
// trace that is wrong anywhere is not played at all. The error is a
// *TraceError for a line that is not as it should be; for a file that cannot
// be read or decompressed it wraps the cause.
func ReadTrace(name string) (*Trace, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("bench: trace: %w", err)
	}
	defer f.Close()
	return parseTrace(name, f, maxTraceLength)
}

// parseTrace reads a trace of at most limit operations from r; name is for
// messages.
func parseTrace(name string, r io.Reader, limit int) (*Trace, error) {
	p := &traceParser{
		trace: &Trace{name: name},
		limit: limit,
		seen:  make(map[uint64]uint32),
	}
	if err := p.open(r); err != nil {
		return nil, err
	}
	if err := p.header(); err != nil {
		return nil, err
	}
	for {
		switch err := p.operation(); {
		case err == io.EOF && p.trace.Len() == 0:
			return nil, p.wrong("the end of the file", "at least one operation, "+wantKey)
		case err == io.EOF:
			return p.trace, nil
		case err != nil:
			return nil, err
		}
	}
}

// traceParser reads a trace line by line.
type traceParser struct {
	trace *Trace
	limit int // of operations
	seen  map[uint64]uint32
	lines *bufio.Reader
	line  int // of the line that was read last, or where the end was found
}

// open finds out whether r is compressed.
func (p *traceParser) open(r io.Reader) error {
	p.lines = bufio.NewReaderSize(r, maxTraceLine)
	if magic, _ := p.lines.Peek(2); string(magic) != "\x1f\x8b" {
		return nil
	}
	z, err := gzip.NewReader(p.lines)
	if err != nil {
		return p.unreadable(err)
	}
	p.lines = bufio.NewReaderSize(z, maxTraceLine)
	return nil
}

// next returns the next line without its end, valid until the next call, or
// io.EOF.
func (p *traceParser) next() ([]byte, error) {
	text, err := p.lines.ReadSlice('\n')
	p.line++
	switch {
	case err == io.EOF && len(text) == 0:
		return nil, io.EOF
	case err == bufio.ErrBufferFull || err == io.EOF && len(text) == maxTraceLine:
		// The same at the very end, where it depends on the reader beneath.
		return nil, p.wrong("a line of "+strconv.Itoa(maxTraceLine)+" bytes or more, "+quote(string(text)), wantKey)
	case err != nil && err != io.EOF:
		return nil, p.unreadable(err)
	}
	text = bytes.TrimSuffix(text, []byte("\n"))
	return bytes.TrimSuffix(text, []byte("\r")), nil
}

func (p *traceParser) header() error {
	text, err := p.next()
	switch {
	case err == io.EOF:
		return p.wrong("an empty file", wantHeader)
	case err != nil:
		return err
	case string(text) != traceHeader:
		return p.wrong(quote(string(text)), wantHeader)
	}
	return nil
}

// operation reads the line of an operation, or returns io.EOF.
func (p *traceParser) operation() error {
	text, err := p.next()
	if err != nil {
		return err
	}
	if len(text) == 0 {
		return p.blank()
	}
	key, ok := parseKey(text)
	if !ok {
		return p.wrong(quote(string(text)), wantKey)
	}
	if p.trace.Len() == p.limit {
		return p.wrong("one more operation", fmt.Sprintf("the end, as a trace has at most %d operations,", p.limit))
	}
	p.trace.sequence = append(p.trace.sequence, p.target(key))
	return nil
}

// blank allows an empty line before the end only.
func (p *traceParser) blank() error {
	empty := p.line
	if _, err := p.next(); err != nil {
		return err
	}
	p.line = empty
	return p.wrong("an empty line", wantKey)
}

// target returns the index of a key's target, which it makes if it is new.
func (p *traceParser) target(key uint64) uint32 {
	index, ok := p.seen[key]
	if !ok {
		index = uint32(len(p.trace.targets))
		p.seen[key] = index
		p.trace.targets = append(p.trace.targets, KeyTarget(key))
	}
	return index
}

// parseKey reads exactly 16 lower-case hexadecimal digits.
func parseKey(text []byte) (key uint64, ok bool) {
	if len(text) != keyDigits {
		return 0, false
	}
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9':
			key = key<<4 | uint64(c-'0')
		case c >= 'a' && c <= 'f':
			key = key<<4 | uint64(c-'a'+10)
		default:
			return 0, false
		}
	}
	return key, true
}

func (p *traceParser) wrong(found, want string) error {
	return &TraceError{Name: p.trace.name, Line: p.line, Found: found, Want: want}
}

// unreadable is for bytes that do not become lines.
func (p *traceParser) unreadable(err error) error {
	line := max(p.line, 1)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("bench: trace %s:%d: the compressed data is cut off; copy the file again: %w", p.trace.name, line, err)
	}
	return fmt.Errorf("bench: trace %s:%d: cannot be read: %w", p.trace.name, line, err)
}
