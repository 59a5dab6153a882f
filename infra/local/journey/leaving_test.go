package journey

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"
)

type deletion struct {
	State   string
	Classes []struct {
		Class, Sentence string
		Count           int64
		Goes            time.Time
	}
	Stays        []stay
	Held         []struct{ Until time.Time }
	UndoUntil    time.Time  `json:"undo_until"`
	ErasedBy     time.Time  `json:"erased_by"`
	BackupsUntil time.Time  `json:"backups_until"`
	ID           *string    `json:"id"`
	RequestedAt  *time.Time `json:"requested_at"`
	Subscription string
	Links        *string
}

type stay struct {
	What, Why string
	Count     int64
	Until     time.Time
}

type requested struct {
	ID           string
	RequestedAt  time.Time `json:"requested_at"`
	UndoUntil    time.Time `json:"undo_until"`
	ErasedBy     time.Time `json:"erased_by"`
	BackupsUntil time.Time `json:"backups_until"`
}

type erasureState struct {
	State    string
	Stage    *string
	Since    *time.Time
	ErasedBy *time.Time `json:"erased_by"`
	Receipt  *struct {
		Format, ID, Cause string
		RequestedAt       time.Time `json:"requested_at"`
		ErasedAt          time.Time `json:"erased_at"`
		ErasedBy          time.Time `json:"erased_by"`
		BackupsUntil      time.Time `json:"backups_until"`
		Stages            []struct {
			Stage string
			At    time.Time
		}
		Counts map[string]int64
		Stays  []stay
	}
	JWS *string
}

// sweeps fires the hourly sweep of accounts as if it were at.
func sweeps(t *testing.T, at time.Time) {
	t.Helper()
	var done struct {
		FunctionError string `json:"function_error"`
	}
	said := control(t, "/fire", fmt.Sprintf(`{"name": "sweep-accounts", "at": %q}`, at.UTC().Format(time.RFC3339)))
	if err := json.Unmarshal(said, &done); err != nil || done.FunctionError != "" {
		t.Fatalf("the sweep said %s", said)
	}
}

// eventually asks until it is so, for as long as a link may live after its end.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !so(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

func (p *person) status(link string) int {
	p.t.Helper()
	reply, err := http.Get(link)
	if err != nil {
		p.t.Fatal(err)
	}
	reply.Body.Close()
	return reply.StatusCode
}

func TestWhoLeavesCanComeBackForSevenDaysAndIsGoneForGoodAfterwards(t *testing.T) {
	address := freshAddress()
	p := stranger(t)
	p.signIn(address)
	image := p.bring(testPicture(400, 300))
	before := p.account()
	plan := into[deletion](p.call("GET", "/api/account/deletion", nil).is(200))
	if plan.State != "none" || plan.ID != nil || len(plan.Classes) < 5 || len(plan.Stays) != 2 {
		t.Errorf("the plan is %+v", plan)
	}

	done := into[requested](p.call("POST", "/api/account/deletion", map[string]any{}).is(202))
	p.call("GET", "/api/account", nil).refuses(401, "sign_in_required")
	eventually(t, "the link dies", func() bool { return p.status(image.URL) == http.StatusForbidden })
	if told := into[erasureState](p.call("GET", "/api/receipts/"+done.ID, nil).is(200)); told.State != "closing" && told.State != "grace" {
		t.Errorf("its number tells %+v", told)
	}

	p.returns(address)
	p.call("GET", "/api/images", nil).refuses(401, "sign_in_required")
	p.call("POST", "/api/account/deletion", map[string]any{}).refuses(409, "already_leaving")
	left := into[deletion](p.call("GET", "/api/account/deletion", nil).is(200))
	if left.ID == nil || *left.ID != done.ID || !left.UndoUntil.Equal(done.UndoUntil) || done.UndoUntil.Sub(done.RequestedAt) != 7*24*time.Hour {
		t.Errorf("in grace it is %+v", left)
	}
	p.call("DELETE", "/api/account/deletion", nil).is(204)
	if after := p.account(); after.ID != before.ID || after.Credits != before.Credits {
		t.Errorf("after coming back: %+v, before: %+v", after, before)
	}
	eventually(t, "links live again", func() bool { return p.status(p.sees(image.ID).URL) == http.StatusOK })
	p.call("DELETE", "/api/account/deletion", nil).refuses(409, "too_late_to_take_back")

	gone := into[requested](p.call("POST", "/api/account/deletion", map[string]any{"without_grace": true}).is(202))
	sweeps(t, time.Now().Add(3*time.Minute))
	sweeps(t, time.Now().Add(30*time.Minute))
	receipt := into[erasureState](p.call("GET", "/api/receipts/"+gone.ID, nil).is(200))
	if receipt.State != "complete" || receipt.Receipt == nil || receipt.JWS == nil {
		t.Fatalf("after the sweeps it is %+v", receipt)
	}
	if counts := receipt.Receipt.Counts; counts["images"] != 1 || counts["objects"] < 2 || counts["account"] != 1 || counts["key"] != 1 {
		t.Errorf("the receipt counts %v", counts)
	}
	if n := ask[int](t, `select count(*) from app.account where id = $1`, before.ID); n != 0 {
		t.Error("the account is still there")
	}

	p.signIn(address)
	again := p.account()
	if again.ID == before.ID || again.Credits.Available != 0 {
		t.Errorf("who comes back gets %+v", again)
	}
}

// returns signs somebody in whose account is being deleted.
func (p *person) returns(address string) {
	p.t.Helper()
	p.lands(address, "/deletion")
}

// sees gives an image as the library has it now, with links of now.
func (p *person) sees(id string) picture {
	p.t.Helper()
	return into[picture](p.call("GET", "/api/images/"+id, nil).is(200))
}
