package cdn

import (
	"strings"
	"testing"
	"time"
)

func TestALinkToAnArchiveIsGoodForADay(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 17, 7, 12, 500, time.UTC)
	l := NewLinks("https://images.example/", make([]byte, 32))
	if until := ArchiveUntil(at); !until.Equal(time.Date(2026, 11, 24, 17, 7, 12, 0, time.UTC)) {
		t.Errorf("it ends at %v", until)
	}
	link := l.Archive("a/exports/b/c-1.zip", at)
	if want := "https://images.example/a/exports/b/c-1.zip?exp=1795540032&sig=" + signature(make([]byte, 32), "a/exports/b/c-1.zip", "1795540032"); link != want {
		t.Errorf("it is %s, not %s", link, want)
	}
	if strings.Contains(l.Link("a", at), "exp=1795540032") {
		t.Error("other links live as long")
	}
}
