package engine

import "fmt"

// Class is a preset for operations of one kind: what they may have as priority
// and how often they may be tried again. The engine itself knows no classes:
// Class.Op fills in an Op and checks it, before it is submitted or wrapped.
// The zero value is ClassNormal.
type Class uint8

const (
	// ClassNormal has the priorities 3 to 7, 5 (Normal) by default, and up to 5
	// retries.
	ClassNormal Class = iota
	// ClassStructural is for what shapes the world that others act in: the
	// priorities 8 (High) to 10 (Critical), Critical by default, and up to 20
	// retries.
	ClassStructural
	// ClassLow is for what may as well not happen: the priorities 1 (Background)
	// and 2 (Low), Low by default, and up to 3 retries.
	ClassLow
)

// preset is what a class stands for.
type preset struct {
	name               string
	least, usual, most Priority
	retries            int
}

var presets = [...]preset{
	ClassNormal:     {"normal", 3, Normal, 7, 5},
	ClassStructural: {"structural", High, Critical, Critical, 20},
	ClassLow:        {"low", Background, Low, Low, 3},
}

// preset returns the zero preset for a class that does not exist.
func (c Class) preset() preset {
	if int(c) < len(presets) {
		return presets[c]
	}
	return preset{}
}

// String returns the class's name, which is also the Type of its operations.
func (c Class) String() string {
	if name := c.preset().name; name != "" {
		return name
	}
	return fmt.Sprintf("class %d", uint8(c))
}

// Priorities returns the least and the most that an operation of the class may
// have as its own priority, and what it usually has. They are 0 for a class
// that does not exist.
func (c Class) Priorities() (least, usual, most Priority) {
	p := c.preset()
	return p.least, p.usual, p.most
}

// Retries returns how often an operation of the class may be tried again: what
// Retry.Limit becomes if it is not set, and the most that it may be. It is 0 for
// a class that does not exist.
func (c Class) Retries() int { return c.preset().retries }

// Op returns the operation as one of the class. What is not set is filled in: an
// empty Type becomes the class's name, a Priority of 0 the usual one, a
// Retry.Limit of 0 the class's; everything else stays as it is, and is checked
// when the operation is submitted.
//
// A Priority outside of the class's range, a Retry.Limit above the class's and a
// class that does not exist are refused with an InvalidError, beside which the
// operation comes back as it was given. The range is for the operation's own
// priority: what it inherits (see Lineage) or gains by Retry.Step may go beyond.
//
// Op is safe for concurrent use.
func (c Class) Op(op Op) (Op, error) {
	p := c.preset()
	if p.name == "" {
		return op, &InvalidError{"Class", uint8(c), "ClassNormal, ClassStructural or ClassLow"}
	}
	// The number, since a name does not show where it lies.
	if op.Priority != 0 && (op.Priority < p.least || op.Priority > p.most) {
		return op, &InvalidError{"Op.Priority", int32(op.Priority),
			fmt.Sprintf("%d to %d for class %v, or 0 for %d", p.least, p.most, c, p.usual)}
	}
	if op.Retry.Limit > p.retries {
		return op, &InvalidError{"Op.Retry.Limit", op.Retry.Limit,
			fmt.Sprintf("at most %d for class %v, or 0 for %[1]d", p.retries, c)}
	}
	if op.Type == "" {
		op.Type = p.name
	}
	if op.Priority == 0 {
		op.Priority = p.usual
	}
	if op.Retry.Limit == 0 {
		op.Retry.Limit = p.retries
	}
	return op, nil
}
