package main

import (
	"bytes"
	"testing"

	"nanoflux.ai/backend/shared/testbed/visitor"
)

func TestAnArchiveHoldsTheAccountAndItsImages(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada, grace := visitor.SignIn(t, s.testbed, s.service), visitor.SignIn(t, s.testbed, s.service)
	files := map[string][]byte{}
	for _, length := range []int{1, 100_000, 9 << 20, 3 << 20} {
		file := noise(t, length)
		files[s.shelve(t, ada, file, `a <lighthouse> & "more"`)] = file
	}
	hers := s.shelve(t, grace, noise(t, 1000), "a secret")
	u := s.packed(t, s.order(t, ada))
	for id, file := range files {
		if !bytes.Equal(u.image(t, id), file) {
			t.Errorf("the image %s is not as it was", id)
		}
	}
	if u.image(t, hers) != nil {
		t.Error("another person's image is in there")
	}
	for name, content := range u.files {
		if bytes.Contains(content, []byte(hers)) || bytes.Contains(content, []byte(grace.AccountID)) || bytes.Contains(content, []byte("a secret")) {
			t.Errorf("%s speaks of another person", name)
		}
	}
	if rows := u.rows(t, "image"); len(rows) != len(files) || rows[0]["prompt"] != `a <lighthouse> & "more"` {
		t.Errorf("the library's rows are %v", rows)
	}
	if len(u.Omitted) > 0 {
		t.Errorf("left out were %v", u.Omitted)
	}
}
