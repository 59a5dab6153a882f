package bucket

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// errThrottled is what the storage says when it is asked too often.
var errThrottled = errors.New("the storage asks for fewer requests")

// patiently repeats what was throttled, with growing pauses between a quarter of a second and eight, for about half a
// minute or until ctx ends. Every other failure is the client's own to repeat, or is none that a repetition mends.
func patiently(ctx context.Context, do func() error) error {
	const attempts = 8
	for attempt := range attempts {
		err := do()
		if err == nil || !errors.Is(err, errThrottled) || attempt == attempts-1 {
			return err
		}
		pause := min(250*time.Millisecond<<attempt, 8*time.Second)
		select {
		case <-time.After(pause/2 + rand.N(pause/2)):
		case <-ctx.Done():
			return err
		}
	}
	return nil
}
