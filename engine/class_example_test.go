package engine_test

import (
	"fmt"

	"example.com/contend/engine"
	"github.com/google/uuid"
)

// A class gives an operation its priority, type and retries, and keeps it from
// claiming more than its kind may.
func ExampleClass_Op() {
	bridge := uuid.New()

	collapse, err := engine.ClassStructural.Op(engine.Op{Target: bridge, Name: "collapse"})
	fmt.Println(collapse.Type, collapse.Priority, collapse.Retry.Limit, err)

	_, err = engine.ClassLow.Op(engine.Op{Target: bridge, Name: "paint", Priority: engine.High})
	fmt.Println(err)
	// Output:
	// structural critical 20 <nil>
	// contend: invalid Op.Priority 8: want 1 to 2 for class low, or 0 for 2
}
