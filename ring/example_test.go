package ring_test

import (
	"fmt"

	"example.com/contend/ring"
)

func Example() {
	r := ring.New[string](2)
	for _, name := range []string{"heal", "strike", "flee"} {
		position, err := r.Push(&name)
		fmt.Println(name, position, err)
	}
	r.Drain(r.Tail(), func(position uint64, name *string) {
		fmt.Println("took", position, *name)
	})
	// Output:
	// heal 0 <nil>
	// strike 1 <nil>
	// flee 0 ring: full
	// took 0 heal
	// took 1 strike
}

// The owner sleeps until something is published. It looks once more between
// arming and sleeping; the producer publishes before it looks at the bell.
func ExampleBell() {
	r, bell := ring.New[string](8), ring.NewBell()
	go func() {
		name := "heal"
		_, _ = r.Push(&name) // cannot be full
		bell.Publish(ring.Unstamped)
	}()

	bell.Arm(ring.Anything)
	if !r.Ready() {
		bell.Wait()
	}
	bell.Disarm()
	r.Drain(r.Tail(), func(_ uint64, name *string) { fmt.Println(*name) })
	// Output: heal
}

// A close tells exactly what was accepted.
func ExampleRing_Close() {
	r := ring.New[int](8)
	first, n, _ := r.PushAll([]int{10, 20, 30})
	tail := r.Close()
	_, err := r.Push(new(int))
	fmt.Println(first, n, tail, err)
	// Output: 0 3 3 ring: closed
}
