package cdn

import (
	"container/list"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	keepFound   = time.Hour
	keepMissing = 5 * time.Second
)

// edge is a cache bounded in bytes that drops what was used longest ago. Its key is the object's, without a query,
// so that every signed variant of a link shares one copy.
type edge struct {
	mu     sync.Mutex
	limit  int
	size   int
	recent *list.List // of *copied, the latest used in front
	byKey  map[string]*list.Element
	purges int
}

type copied struct {
	key     string
	object  Object
	missing bool
	until   time.Time
}

func newEdge(limit int) *edge {
	return &edge{limit: limit, recent: list.New(), byKey: map[string]*list.Element{}}
}

func (e *edge) get(key string, now time.Time) (copied, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	element, ok := e.byKey[key]
	if !ok {
		return copied{}, false
	}
	kept := element.Value.(*copied)
	if !now.Before(kept.until) {
		e.remove(key)
		return copied{}, false
	}
	e.recent.MoveToFront(element)
	return *kept, true
}

// generation counts purges: a fetch that began before one must not store its answer after it.
func (e *edge) generation() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.purges
}

func (e *edge) put(key string, object Object, missing bool, now time.Time, generation int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if generation != e.purges || len(object.Body) > e.limit {
		return
	}
	e.remove(key)
	lifetime := keepFound
	if missing {
		lifetime = keepMissing
	}
	kept := &copied{key: key, object: object, missing: missing, until: now.Add(lifetime)}
	e.byKey[key] = e.recent.PushFront(kept)
	e.size += cost(kept)
	for e.size > e.limit {
		e.remove(e.recent.Back().Value.(*copied).key)
	}
}

func (e *edge) purge(keys ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.purges++
	for _, key := range keys {
		e.remove(key)
	}
}

func (e *edge) purgeUnder(prefixes ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.purges++
	for key := range e.byKey {
		if slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(key, prefix) }) {
			e.remove(key)
		}
	}
}

func (e *edge) purgeAll() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.purges++
	e.size = 0
	e.recent.Init()
	clear(e.byKey)
}

func (e *edge) remove(key string) {
	element, ok := e.byKey[key]
	if !ok {
		return
	}
	e.size -= cost(e.recent.Remove(element).(*copied))
	delete(e.byKey, key)
}

// cost counts the key too, so that many misses cannot outgrow the bound.
func cost(kept *copied) int {
	return len(kept.object.Body) + len(kept.key) + 256
}
