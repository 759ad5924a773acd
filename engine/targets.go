package engine

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"

	"github.com/google/uuid"
)

// Entity is something that operations are aimed at.
type Entity interface {
	// ECSID returns its identity, which must not be the zero UUID.
	ECSID() uuid.UUID
}

var entityType = reflect.TypeFor[Entity]()

// TargetsOf returns the targets of the given arguments, in order: the ID of an
// Entity, the IDs of those in a slice or array in its order, of those among the
// values of a map in ascending order of ID, since a map has no order. A
// struct that is no Entity itself counts as its exported fields. Anything else
// has no targets; nor has a nil, nor what is nested more than 32 deep.
func TargetsOf(arguments ...any) []uuid.UUID {
	var found []uuid.UUID
	for _, a := range arguments {
		found = appendTargets(found, reflect.ValueOf(a), maxNesting)
	}
	return found
}

// maxNesting keeps a slice that contains itself from being followed for ever.
const maxNesting = 32

func appendTargets(found []uuid.UUID, v reflect.Value, depth int) []uuid.UUID {
	if !v.IsValid() || depth == 0 {
		return found
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice:
		if v.IsNil() {
			return found
		}
	}
	if v.Kind() == reflect.Interface { // what it holds may be a nil pointer
		return appendTargets(found, v.Elem(), depth-1)
	}
	if e, ok := asEntity(v); ok {
		return append(found, e.ECSID())
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			found = appendTargets(found, v.Index(i), depth-1)
		}
	case reflect.Map:
		var values []uuid.UUID
		for it := v.MapRange(); it.Next(); {
			values = appendTargets(values, it.Value(), depth-1)
		}
		slices.SortFunc(values, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
		return append(found, values...)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				found = appendTargets(found, v.Field(i), depth-1)
			}
		}
	}
	return found
}

// asEntity returns a value as an Entity, also if only its pointer is one; if it
// has no address, as in a map or an interface, a copy's.
func asEntity(v reflect.Value) (Entity, bool) {
	if v.Type().Implements(entityType) && v.CanInterface() {
		e, ok := v.Interface().(Entity)
		return e, ok
	}
	if !reflect.PointerTo(v.Type()).Implements(entityType) || !v.CanInterface() {
		return nil, false
	}
	if !v.CanAddr() {
		held := reflect.New(v.Type()).Elem()
		held.Set(v)
		v = held
	}
	e, ok := v.Addr().Interface().(Entity)
	return e, ok
}

// targetsIn returns how the targets of an A are found, or an InvalidError if
// there can be none.
func targetsIn[A any]() (func(A) []uuid.UUID, error) {
	t := reflect.TypeFor[A]()
	if !canHold(t, nil) {
		return nil, &InvalidError{"argument type", t, fmt.Sprintf("an Entity (%v), a slice, array, map or struct of them, or Wrapping.Targets", entityType.Method(0).Name)}
	}
	if t.Implements(entityType) && t.Kind() != reflect.Interface && t.Kind() != reflect.Pointer {
		return func(a A) []uuid.UUID { return []uuid.UUID{any(a).(Entity).ECSID()} }, nil
	}
	// Through its address, so that fields whose pointers are entities count.
	return func(a A) []uuid.UUID { return appendTargets(nil, reflect.ValueOf(&a).Elem(), maxNesting) }, nil
}

// canHold reports whether a value of the type can be or hold an Entity.
func canHold(t reflect.Type, seen []reflect.Type) bool {
	if t.Implements(entityType) || reflect.PointerTo(t).Implements(entityType) {
		return true
	}
	if slices.Contains(seen, t) {
		return false
	}
	seen = append(seen, t)
	switch t.Kind() {
	case reflect.Interface:
		return true // whatever it holds may be one
	case reflect.Slice, reflect.Array, reflect.Map:
		return canHold(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && canHold(f.Type, seen) {
				return true
			}
		}
	}
	return false
}
