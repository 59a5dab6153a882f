package journey

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
)

func TestEveryRequestAndJobIsKeptAsARecordWithNothingPersonalInIt(t *testing.T) {
	if os.Getenv("JOURNEY_CONTROL") == "" {
		t.Skip("this test looks behind the service, so it starts its own: run it without JOURNEY_SITE")
	}
	p := newcomer(t)
	const secret = "sk_test_4eC39HqLyjWDarjtT1zdp7dc"
	p.call("GET", "/api/images/"+uuid()+"?prompt="+secret, nil, "User-Agent", secret, "Idempotency-Key", secret, "X-Forwarded-For", "203.0.113.7", "Referer", secret)
	p.call("POST", "/api/generations", map[string]any{"tool": secret, "prompt": "an orange lighthouse"}, "Idempotency-Key", uuid())
	const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"
	id := p.call("GET", "/api/images", nil, "User-Agent", firefox).is(http.StatusOK).header.Get("X-Request-Id")
	control(t, "/fire", `{"name": "sweep-stalled"}`)

	var flushed struct{ Delivered, Lost int }
	if err := json.Unmarshal(control(t, "/logs/flush", `{}`), &flushed); err != nil || flushed.Delivered < 5 {
		t.Errorf("%+v, %v", flushed, err)
	}
	row := ask[string](t, `
		select concat_ws(' ', kind, function, route, method, status, browser, system, network, cold is not null, who ~ '^[a-z2-7]{26}$', invocation is not null)
		from app.log_record where request_id = $1`, id)
	if row != "request library /api/images GET 200 Firefox Linux 127.0.0.0/24 t t t" {
		t.Errorf("the request is kept as %s", row)
	}
	if n := ask[int](t, `select count(*) from app.log_record where kind = 'job' and function = 'sweep-stalled' and ok`); n == 0 {
		t.Error("the job is not kept")
	}
	all := ask[string](t, `select string_agg(r::text, ' ') from app.log_record r`)
	for _, word := range []string{secret, "lighthouse", "203.0.113", "127.0.0.1", "@"} {
		if strings.Contains(all, word) {
			t.Errorf("%s is kept", word)
		}
	}
	if n := ask[int](t, `select count(*) from app.log_record where function = 'keep-logs'`); n != 0 {
		t.Errorf("keep-logs feeds itself: %d records", n)
	}
}
