package engine

import (
	"github.com/google/uuid"
)

// enterFamily lets an operation inherit its parents' priority and makes it known
// as a parent itself.
func (e *Engine) enterFamily(op *Op) error {
	l := e.config.Lineage
	if l == nil {
		if err := e.knowsParents(op); err != nil {
			return e.refused(err)
		}
		return nil
	}
	if op.ID == uuid.Nil && len(op.Parents) == 0 {
		return nil
	}
	priority, err := l.Begin(op.ID, op.Priority, op.Parents...)
	if err != nil {
		return e.refused(err)
	}
	op.Priority = priority
	return nil
}

// knowsParents fails if an operation has parents, and nothing knows them.
func (e *Engine) knowsParents(op *Op) error {
	if e.config.Lineage == nil && len(op.Parents) > 0 {
		return &InvalidError{"Op.Parents", op.Parents, "Config.Lineage to be set, which knows the parents"}
	}
	return nil
}

// leaveFamily forgets an operation that has its outcome.
func (e *Engine) leaveFamily(id uuid.UUID) {
	if e.config.Lineage != nil && id != uuid.Nil {
		e.config.Lineage.End(id)
	}
}

// member leaves its lineage once, however often it is told to: an operation can
// be withdrawn while it is refused, and a Win finished twice.
type member struct {
	once   once
	engine *Engine
	id     uuid.UUID
}

// memberOf returns nil for an operation that is in no lineage.
func (e *Engine) memberOf(op *Op) *member {
	if e.config.Lineage == nil || op.ID == uuid.Nil {
		return nil
	}
	return &member{engine: e, id: op.ID}
}

func (m *member) leave() {
	if m != nil {
		m.once.Do(func() { m.engine.leaveFamily(m.id) })
	}
}
