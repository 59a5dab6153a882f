package problem

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

var notFound = New(NotFound, "image_not_found", "There is no such image in your library.")

func TestAProblemIsFoundInAChain(t *testing.T) {
	err := fmt.Errorf("delete: %w", notFound.Because(io.EOF))
	if got := Of(err); got == nil || got.Kind != NotFound || got.Code != "image_not_found" {
		t.Errorf("got %+v", got)
	}
	if Of(io.EOF) != nil || Of(nil) != nil {
		t.Error("found a problem where none is")
	}
}

func TestAProblemWithACauseIsStillTheSame(t *testing.T) {
	err := notFound.Because(io.EOF)
	if !errors.Is(err, notFound) || !errors.Is(err, io.EOF) {
		t.Error("it is not")
	}
	if errors.Is(err, New(NotFound, "order_not_found", "")) {
		t.Error("it is another one, too")
	}
	if errors.Is(notFound, io.EOF) {
		t.Error("the original was changed")
	}
}

func TestTheCauseIsNotInTheText(t *testing.T) {
	text := notFound.Because(errors.New("ann@example.com")).Error()
	if strings.Contains(text, "ann") || !strings.Contains(text, "image_not_found") {
		t.Errorf("got %s", text)
	}
}

func TestFieldsAddUp(t *testing.T) {
	first := New(Unprocessable, "bad_order", "This cannot be drawn.").In("size", "Too big.")
	second := first.In("seed", "Too long.")
	if len(first.Fields) != 1 || second.Fields["size"] != "Too big." || second.Fields["seed"] != "Too long." {
		t.Errorf("got %v and %v", first.Fields, second.Fields)
	}
}
