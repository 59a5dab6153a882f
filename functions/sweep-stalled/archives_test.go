package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/archive"
	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
)

// export orders an archive, claims it, begins a volume of it, and puts an object beside.
func (b bench) export(t *testing.T, v visitor.Visitor, after time.Duration) (id string, packer archive.Claimed) {
	t.Helper()
	row, _, err := archive.Order(t.Context(), b.web, v.Hash, b.begun, nil)
	if err != nil {
		t.Fatal(err)
	}
	worker := visitor.Open(t, b.testbed.Worker)
	packer, found, err := archive.Claim(t.Context(), worker, b.service, row.ID, b.begun.Add(after))
	if err != nil || !found {
		t.Fatal(found, err)
	}
	volume := archive.Volume{Number: 1, Name: "a-1.zip", Key: packer.Folder + "/a-1.zip", Bytes: 1}
	if volume.UploadID, err = b.objects.BeginParts(t.Context(), volume.Key, "application/zip", "a-1.zip"); err != nil {
		t.Fatal(err)
	}
	if err := packer.Begin(t.Context(), worker, volume, b.begun.Add(after)); err != nil {
		t.Fatal(err)
	}
	b.object(t, packer.Folder+"/staged-1-1")
	return row.ID, packer
}

func (b bench) archives(t *testing.T) []string {
	t.Helper()
	return testbed.Column[string](t, b.testbed, `select state || coalesce(' ' || error_code, '') from app.archive order by ordered_at, id`)
}

func TestAnArchiveThatNobodyPacksIsRungFor(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.testbed, b.service)
	row, _, err := archive.Order(t.Context(), b.web, ada.Hash, b.begun, nil)
	if err != nil {
		t.Fatal(err)
	}
	if b.fires(t, 15*time.Second); len(b.rung(t)) != 0 {
		t.Error("it is rung for while its first bell may still be on its way")
	}
	if b.fires(t, time.Minute); !slices.Equal(b.rung(t), []string{row.ID}) {
		t.Error("it is not rung for")
	}
	worker := visitor.Open(t, b.testbed.Worker)
	if _, found, err := archive.Claim(t.Context(), worker, b.service, row.ID, b.begun.Add(time.Minute)); !found || err != nil {
		t.Fatal(found, err)
	}
	if b.fires(t, 2*time.Minute); len(b.rung(t)) != 0 {
		t.Error("it is rung for under a lease")
	}
	if b.fires(t, time.Minute+archive.Lease); !slices.Equal(b.rung(t), []string{row.ID}) {
		t.Error("it is not rung for, although its packer died")
	}
}

func TestAnArchiveThatNobodyCouldPackFails(t *testing.T) {
	b := open(t)
	b.export(t, visitor.SignIn(t, b.testbed, b.service), archive.Patience-time.Minute)
	if b.fires(t, archive.Patience); !slices.Equal(b.archives(t), []string{"packing"}) {
		t.Errorf("under a lease it is %v", b.archives(t))
	}
	if b.fires(t, archive.Patience+archive.Lease); !slices.Equal(b.archives(t), []string{"failed gave_up"}) {
		t.Errorf("it is %v", b.archives(t))
	}
	if len(b.rung(t)) != 0 {
		t.Error("it is rung for")
	}
}

func TestAnArchiveGoesAtItsEndWithAllThatIsOfIt(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.testbed, b.service)
	_, packer := b.export(t, ada, 0)
	other := visitor.SignIn(t, b.testbed, b.service)
	_, hers := b.export(t, other, 0)
	b.object(t, packer.Folder+"/a-1.zip")
	testbed.Column[string](t, b.testbed, `update app.archive set state = 'ready', ready_at = $2, expires_at = $3 where account_id = $1 returning 'done'`,
		ada.AccountID, b.begun, b.begun.Add(archive.Kept))
	testbed.Column[string](t, b.testbed, `update app.archive set state = 'ready', ready_at = $2, expires_at = $3 where account_id = $1 returning 'done'`,
		other.AccountID, b.begun, b.begun.Add(2*archive.Kept))
	if b.fires(t, archive.Kept-time.Second); len(b.archives(t)) != 2 || len(b.at.Keys(t)) != 3 {
		t.Errorf("before its end there are %v, %v", b.archives(t), b.at.Keys(t))
	}
	if b.fires(t, archive.Kept); len(b.archives(t)) != 1 || len(b.at.Keys(t)) != 1 || !strings.HasPrefix(b.at.Keys(t)[0], hers.Folder) {
		t.Errorf("after its end there are %v, %v", b.archives(t), b.at.Keys(t))
	}
	if _, err := b.objects.PutPart(t.Context(), packer.Folder+"/a-1.zip", "x", 1, []byte("x")); err == nil {
		t.Error("its upload can still be gone on with")
	}
	if n := testbed.One[int64](t, b.testbed, `select count(*) from app.archive_volume`); n != 1 {
		t.Errorf("%d volumes are left", n)
	}
}

func TestARemovedArchiveWaitsForItsPackerToLetGo(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.testbed, b.service)
	id, packer := b.export(t, ada, 0)
	if _, err := archive.End(t.Context(), b.web, ada.Hash, b.begun, id); err != nil {
		t.Fatal(err)
	}
	if b.fires(t, time.Minute); !slices.Equal(b.archives(t), []string{"ending"}) {
		t.Errorf("under a lease it is %v", b.archives(t))
	}
	if err := packer.Advance(t.Context(), visitor.Open(t, b.testbed.Worker), archive.StepImages, nil, b.begun); err == nil {
		t.Error("its packer may go on")
	}
	if b.fires(t, archive.Lease); len(b.archives(t)) != 0 || len(b.at.Keys(t)) != 0 {
		t.Errorf("there are %v, %v", b.archives(t), b.at.Keys(t))
	}
}

func TestAnArchiveIsForgottenOnlyWhenTheEdgeHasForgottenIt(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.testbed, b.service)
	id, _ := b.export(t, ada, 0)
	if _, err := archive.End(t.Context(), b.web, ada.Hash, b.begun, id); err != nil {
		t.Fatal(err)
	}
	edge := b.edge
	b.edge = cdn.NewPurger("http://cdn", refusing(t), "x")
	if err := b.fire(t, archive.Lease); err == nil || len(b.archives(t)) != 1 {
		t.Errorf("%v, there are %v", err, b.archives(t))
	}
	b.edge = edge
	if b.fires(t, archive.Lease+time.Minute); len(b.archives(t)) != 0 {
		t.Errorf("there are %v", b.archives(t))
	}
}
