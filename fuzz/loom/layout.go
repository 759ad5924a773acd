//go:build explore

package loom

import (
	"fmt"
	"reflect"
	"strings"
	"unsafe"
)

// layout tells words apart across executions, in each of which they are
// somewhere else: by the object that was named and the path from there.
type layout struct {
	plans      []plan
	named      int // of the plans, in this execution
	regions    []region
	identities int32
}

// plan is how to find the words of an object of a type.
type plan struct {
	name     string
	kind     reflect.Type
	extents  []extent
	identity int32 // of its first byte
}

// extent is memory that is reached from an object: itself, or what is pointed to.
type extent struct {
	path   string
	parent int     // extent in which its pointer is, -1 for the object
	offset uintptr // of the pointer
	size   uintptr
	kind   reflect.Type // of its elements
}

// region is where an extent is in this execution.
type region struct {
	base     unsafe.Pointer
	size     uintptr
	identity int32
	extent   *extent
}

func (l *layout) begin() { l.named, l.regions = 0, l.regions[:0] }

// Name says what a pointer to an object is called, so that its words, and those
// of what it points to, have names. Names come in the same order in each
// execution. A word without a name always counts as shared.
func (w *World) Name(name string, object any) { w.words.layout.add(name, object) }

func (l *layout) add(name string, object any) {
	kind := reflect.TypeOf(object)
	if l.named == len(l.plans) {
		l.plans = append(l.plans, l.plan(name, kind, reflect.ValueOf(object)))
	}
	p := &l.plans[l.named]
	l.named++
	if p.name != name || p.kind != kind {
		panic("loom: names differ between executions")
	}
	first, identity := len(l.regions), p.identity
	for i := range p.extents {
		e := &p.extents[i]
		base := reflect.ValueOf(object).UnsafePointer()
		if e.parent >= 0 {
			base = *(*unsafe.Pointer)(unsafe.Add(l.regions[first+e.parent].base, e.offset))
		}
		l.regions = append(l.regions, region{base, e.size, identity, e})
		identity += int32(e.size)
	}
}

// identify returns a word's identity, -1 if it has no name.
func (l *layout) identify(at uintptr) int32 {
	for i := range l.regions {
		r := &l.regions[i]
		if at-uintptr(r.base) < r.size {
			return r.identity + int32(at-uintptr(r.base))
		}
	}
	return -1
}

func (l *layout) plan(name string, kind reflect.Type, object reflect.Value) plan {
	p := plan{name: name, kind: kind, identity: l.identities}
	p.extents = append(p.extents, extent{path: name, parent: -1, size: kind.Elem().Size(), kind: kind.Elem()})
	p.follow(0, 0, name, object.Elem())
	for _, e := range p.extents {
		l.identities += int32(e.size)
	}
	return p
}

// follow adds what a value points to, if there are words in it.
func (p *plan) follow(parent int, offset uintptr, path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			p.follow(parent, offset+field.Offset, path+"."+field.Name, v.Field(i))
		}
	case reflect.Pointer:
		if v.IsNil() || !hasWords(v.Type().Elem()) {
			return
		}
		p.extents = append(p.extents, extent{path, parent, offset, v.Type().Elem().Size(), v.Type().Elem()})
		p.follow(len(p.extents)-1, 0, path, v.Elem())
	case reflect.Slice:
		if v.Len() == 0 || v.Type().Elem().Kind() != reflect.Struct || !hasWords(v.Type().Elem()) {
			return
		}
		size := uintptr(v.Len()) * v.Type().Elem().Size()
		p.extents = append(p.extents, extent{path, parent, offset, size, v.Type().Elem()})
	}
}

// hasWords reports whether a value of a type holds atomic words itself, or stands
// for one, as what package ring's chime and seats point to.
func hasWords(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct:
		if isWord(t) {
			return true
		}
		for i := range t.NumField() {
			if f := t.Field(i).Type; f.Kind() == reflect.Struct && hasWords(f) {
				return true
			}
		}
		return false
	case reflect.Array:
		return hasWords(t.Elem())
	}
	return t.Kind() == reflect.Uint8 || t.Kind() == reflect.Slice
}

func isWord(t reflect.Type) bool { return strings.HasSuffix(t.PkgPath(), "ring/interleave") }

// name returns the path of a word, if it has one.
func (l *layout) name(at uintptr) (path string, ok bool) {
	for i := range l.regions {
		r := &l.regions[i]
		if at-uintptr(r.base) >= r.size {
			continue
		}
		offset, path := at-uintptr(r.base), r.extent.path
		if element := r.extent.kind.Size(); r.size > element {
			path += fmt.Sprintf("[%d]", offset/element)
			offset %= element
		}
		return path + leaf(r.extent.kind, offset), true
	}
	return "", false
}

// leaf returns the path to an offset in a type.
func leaf(t reflect.Type, offset uintptr) string {
	if t.Kind() != reflect.Struct || isWord(t) {
		return ""
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if offset-f.Offset < max(f.Type.Size(), 1) {
			return "." + f.Name + leaf(f.Type, offset-f.Offset)
		}
	}
	return ""
}
