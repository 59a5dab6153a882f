package main

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/promise"
	"nanoflux.ai/backend/shared/task"
	"nanoflux.ai/backend/shared/testbed/people"
)

// image gives somebody an image, as a row.
func (w world) image(t *testing.T, p people.Person, name string) (id string) {
	t.Helper()
	id = uuid.NewString()
	w.Do(t, `
		insert into app.image (id, account_id, kind, state, state_at, key, thumbnail_key, content_type, thumbnail_type,
			width, height, bytes, crc32, sha256, thumbnail_bytes, thumbnail_crc32, thumbnail_sha256, created_at)
		values ($1, $2, 'upload', 'ready', $3, $4, $5, 'image/png', 'image/png', 1, 1, 1, 0, $6, 1, 0, $6, $3)`,
		id, p.ID, people.Now(), p.Prefix+"/"+id+"/"+name+".png", p.Prefix+"/"+id+"/"+name+"-thumbnail.png", make([]byte, 32))
	return id
}

func (w world) put(t *testing.T, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if err := w.objects.Put(t.Context(), key, "image/png", []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
}

func (w world) keys(t *testing.T) (all []string) {
	t.Helper()
	if err := w.objects.Walk(t.Context(), "", func(page []bucket.Object) error {
		for _, object := range page {
			all = append(all, object.Key)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func (w world) remove(t *testing.T, keys ...string) {
	t.Helper()
	if _, err := w.objects.Delete(t.Context(), keys...); err != nil {
		t.Fatal(err)
	}
}

// Objects have the wall's clock, so that is where these days begin; a look at ten to four goes through the bucket.
func tomorrow() time.Time {
	return time.Now().UTC().Truncate(day).Add(2*day + 3*hour + 50*time.Minute)
}

// person who signed in before anything here happens; what that leaves in the database is removed.
func (w world) member(t *testing.T, name string) people.Person {
	t.Helper()
	p := w.SignIn(t, name, 0)
	w.Do(t, `delete from app.session`)
	w.Do(t, `delete from app.account_lookup where kind = 'address'`)
	return p
}

func TestAnOrphanedObjectAndAMissingOneAreSeenBeforeThePolicysDateAndLeftAlone(t *testing.T) {
	w, at := open(t), tomorrow()
	ada := w.member(t, "ada")
	whole, half := w.image(t, ada, "a"), w.image(t, ada, "a")
	w.put(t, ada.Prefix+"/"+whole+"/a.png", ada.Prefix+"/"+whole+"/a-thumbnail.png", ada.Prefix+"/"+half+"/a.png")
	lost, orphan := ada.Prefix+"/"+half+"/a-thumbnail.png", strings.Repeat("z", 26)+"/"+uuid.NewString()+"/a.png"
	w.put(t, lost)
	w.sees(t, "with all that should be there", at, "")

	w.put(t, orphan)
	before := w.keys(t)
	w.sees(t, "with an object of an account that is erased, before the next look at the bucket", at.Add(hour), "")
	w.sees(t, "on the next day", at.Add(day), "objects_without_rows at_risk")
	w.sees(t, "an hour later", at.Add(day+hour), "objects_without_rows at_risk")
	w.sees(t, "five days later", at.Add(5*day), "objects_without_rows at_risk")
	w.sees(t, "six days later", at.Add(6*day), "objects_without_rows broken")
	if after := w.keys(t); !slices.Equal(before, after) {
		t.Errorf("the watcher left %v of %v", after, before)
	}
	w.remove(t, orphan)
	w.sees(t, "when it is gone", at.Add(7*day), "")

	w.remove(t, lost)
	w.sees(t, "without a thumbnail", at.Add(8*day), "rows_without_objects at_risk")
	w.sees(t, "still without it", at.Add(9*day), "rows_without_objects broken")
	w.put(t, lost)
	w.sees(t, "with it again", at.Add(10*day), "")
}

func TestAnObjectThatWasPutJustNowMayGetItsRowYet(t *testing.T) {
	w := open(t)
	w.put(t, strings.Repeat("z", 26)+"/"+uuid.NewString()+"/a.png")
	now := time.Now().UTC()
	w.sees(t, "at once", now, "")
}

func TestFilesBesideTheLibraryAreSeenPastTheirEnd(t *testing.T) {
	w, at := open(t), tomorrow()
	account := strings.Repeat("z", 26)
	upload, export := account+"/incoming/"+uuid.NewString(), account+"/exports/"+uuid.NewString()+"/a.zip"
	mark, entry := "revoked/"+account, "erasures/"+at.Format(time.DateOnly)+"/"+strings.Repeat("0", 64)
	w.put(t, upload, export, mark, entry)
	leaving := w.person(t, "leaving")
	w.Do(t, `update app.account set prefix = $1 where id = $2`, account, leaving)
	w.Do(t, `select app.close_account($1, gen_random_uuid(), 'request', $2, $2::timestamptz + interval '70 days', $2::timestamptz + interval '90 days')`, leaving, at)
	w.Do(t, `update app.erasure set stage = 'grace'`)
	w.sees(t, "on the first days", at, "uploaded_files_past_end at_risk")
	w.sees(t, "when the ledger's entry has ended", at.Add(day), "ledger_past_end at_risk, uploaded_files_past_end at_risk")
	w.remove(t, entry)
	w.sees(t, "while the erasure goes on", at.Add(12*day), "uploaded_files_past_end at_risk")
	w.sees(t, "when the archive has ended", at.Add(14*day), "export_files_past_end at_risk, uploaded_files_past_end broken")
	w.Do(t, `delete from app.erasure`)
	w.Do(t, `delete from app.account where id = $1`, leaving)
	w.sees(t, "when the account is erased", at.Add(15*day), "export_files_past_end at_risk, marks_without_erasure at_risk, uploaded_files_past_end broken")
	w.remove(t, upload, export, mark)
	w.sees(t, "when all is gone", at.Add(16*day), "")
}

// without gives the world in which the bucket is away.
func (w world) without() world {
	w.objects = bucket.Open("http://127.0.0.1:1", "x", "x", "x")
	return w
}

func (w world) tries(t *testing.T, at time.Time) string {
	t.Helper()
	w.works(t, at)
	ctx, cancel := context.WithTimeout(t.Context(), spared+250*time.Millisecond) // no patience with the bucket
	defer cancel()
	if err := w.run(ctx, task.Starting(at), struct{}{}); err == nil {
		t.Error("nobody is told")
	}
	return w.wrong(w.promises(t))
}

const everythingStored = "export_files_past_end at_risk, ledger_past_end at_risk, marks_without_erasure at_risk, objects_without_rows at_risk, rows_without_objects at_risk, uploaded_files_past_end at_risk"

func TestWhatCannotBeLookedAtIsAtRiskAndWhatIsBrokenStaysBroken(t *testing.T) {
	w, at := open(t), tomorrow()
	if got := w.without().tries(t, at); got != everythingStored {
		t.Errorf("of a bucket that was never seen: %q", got)
	}
	if p := w.promises(t)["objects_without_rows"]; p.SeenAt != nil {
		t.Errorf("it was seen at %s", p.SeenAt)
	}
	w.sees(t, "as soon as the bucket is there", at.Add(hour), "")
	if p := w.promises(t)["objects_without_rows"]; p.SeenAt == nil {
		t.Error("it was not seen")
	}
	if got := w.without().tries(t, at.Add(day)); got != everythingStored {
		t.Errorf("of a bucket that is away: %q", got)
	}

	w.put(t, strings.Repeat("z", 26)+"/"+uuid.NewString()+"/a.png")
	w.look(t, at.Add(2*day))
	w.sees(t, "an orphan for days", at.Add(9*day), "objects_without_rows broken")
	if got := w.without().tries(t, at.Add(10*day)); got != strings.Replace(everythingStored, "objects_without_rows at_risk", "objects_without_rows broken", 1) {
		t.Errorf("of what is broken when the bucket is away: %q", got)
	}
}

func TestALookThatWasMissedIsMadeUpAndOneThatIsTooOldIsAtRisk(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 12, 1, 3, 50, 0, 0, time.UTC)
	before := map[string]promise.Promise{}
	for _, m := range inBucket() {
		before[m.name] = promise.Promise{Measure: m.name, State: promise.Kept, SeenAt: &at, Since: at}
	}
	for after, want := range map[time.Duration]bool{0: true, hour: false, 23 * hour: false, 24 * hour: true, 25 * hour: true, 26 * hour: true} {
		if got := due(inBucket(), before, at.Add(after)); got != want {
			t.Errorf("%s after a look, the bucket is looked at: %v", after, got)
		}
	}
	for after, want := range map[time.Duration]promise.State{hour: promise.Kept, 24 * hour: promise.Kept, 25 * hour: promise.AtRisk} {
		if got := judge(inBucket(), nil, before, at.Add(after))[0].State; got != want {
			t.Errorf("%s after a look it is %s", after, got)
		}
	}
}
