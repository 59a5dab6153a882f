package main

import (
	"encoding/json"
	"testing"

	"nanoflux.ai/backend/shared/offer"
)

func TestWhatCanBeBoughtIsToldToEverybody(t *testing.T) {
	reply := call(t, "GET", "/api/plans")
	var list offer.List
	if err := json.Unmarshal([]byte(reply.Body), &list); err != nil || reply.StatusCode != 200 {
		t.Fatalf("%d %s: %v", reply.StatusCode, reply.Body, err)
	}
	if len(list.Plans) != 3 || len(list.Plans[0].Prices) != 0 || list.Plans[0].Credits == 0 || len(list.Plans[1].Prices) != 2 || len(list.Packs) != 3 {
		t.Errorf("%+v", list)
	}
	if reply := call(t, "GET", "/api/plans?currency=eur"); reply.StatusCode != 400 {
		t.Errorf("an unknown question is answered with %d", reply.StatusCode)
	}
}
