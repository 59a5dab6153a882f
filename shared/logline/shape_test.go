package logline

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

// planted are texts that no field of a record may ever hold.
func planted() []string {
	return []string{
		"ann@example.com", "a red fox, secretly", "portrait",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
		"sk_test_4eC39HqLyjWDarjtT1zdp7dc", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "K3ZQ7XH2M5PBJ4RWCVTNAEYG6D",
		"203.0.113.7", "203.0.113.7/32", "203.0.113.7/24", "2001:db8:1:2::7", "2001:db8:1:2::/64", "::ffff:203.0.113.7",
	}
}

// policy P2.4: nobody is in the log by name.
func TestWhatIsPlantedFitsNoField(t *testing.T) {
	for _, secret := range planted() {
		var r Record
		v := reflect.ValueOf(&r).Elem()
		for i := range v.NumField() {
			if v.Field(i).Kind() == reflect.String && (secret != "portrait" || v.Type().Field(i).Name != "Function") {
				v.Field(i).SetString(secret) // one word alone may be a folder's name
			}
		}
		text, err := json.Marshal(r)
		if err != nil || strings.Contains(string(text), secret) {
			t.Errorf("%s: %s, %v", secret, text, err)
		}
	}
}

func TestEachShapeTakesWhatItIsFor(t *testing.T) {
	for text, got := range map[string]string{
		"request": Kind("request").String(), "stripe-webhook": Function("stripe-webhook").String(), "other": Method("other").String(),
		"/": Route("/").String(), "/api/images/{id}": Route("/api/images/{id}").String(), "/{$}": Route("/{$}").String(),
		"/assets/{version}/{file}": Route("/assets/{version}/{file}").String(), "/openapi.yaml": Route("/openapi.yaml").String(),
		"/.well-known/jwks.json": Route("/.well-known/jwks.json").String(), "/api/billing-portal": Route("/api/billing-portal").String(),
		"image_not_found": Code("image_not_found").String(), "Samsung Browser": Browser("Samsung Browser").String(), "iOS": System("iOS").String(),
		"oqmfbqxrh2kq5ynyzqa2tfj6ce": Pseudonym("oqmfbqxrh2kq5ynyzqa2tfj6ce").String(), "JKJaXmPLvHcESHA=": RequestID("JKJaXmPLvHcESHA=").String(),
		"5a1e4e0c-51c0-4d1e-9a57-0d7a1f3f2b11":                                               Invocation("5a1e4e0c-51c0-4d1e-9a57-0d7a1f3f2b11").String(),
		"pgconn.PgError:23505":                                                               ErrorClass("pgconn.PgError:23505").String(),
		"url.Error/net.OpError/os.SyscallError/syscall.Errno":                                ErrorClass("url.Error/net.OpError/os.SyscallError/syscall.Errno").String(),
		"stripe:400:invalid_request_error:resource_missing:line_items[0][price]":             ErrorClass("stripe:400:invalid_request_error:resource_missing:line_items[0][price]").String(),
		"panic:slice_bounds_out_of_range_[:5]_with_capacity_3":                               ErrorClass("panic:slice_bounds_out_of_range_[:5]_with_capacity_3").String(),
		"smithy.OperationError/http.ResponseError/smithy.GenericAPIError:InvalidAccessKeyId": ErrorClass("smithy.OperationError/http.ResponseError/smithy.GenericAPIError:InvalidAccessKeyId").String(),
		"2026-03-01T12:00:00.123Z":                                                           MomentOf(time.Date(2026, 3, 1, 13, 0, 0, 123456789, time.FixedZone("", 3600))).String(),
		"203.0.113.0/24":                                                                     NetworkOf(netip.MustParseAddr("::ffff:203.0.113.7")).String(),
		"2001:db8:1::/48":                                                                    NetworkOf(netip.MustParseAddr("2001:db8:1:2::7%eth0")).String(),
	} {
		if got != text {
			t.Errorf("%s is %s", text, got)
		}
	}
	if MomentOf(time.Time{}) != "" || NetworkOf(netip.Addr{}) != "" {
		t.Error("what is unknown is written")
	}
}

func TestARecordReadsWhatItWrote(t *testing.T) {
	wrote := Record{Time: "2026-03-01T12:00:00.123Z", Level: "ERROR", Msg: "job", Function: "draw", RequestID: "JKJaXmPLvHcESHA=", Ms: 7, OK: new(false),
		Error: "errors.errorString", Counts: map[string]int{"drawn": 1}, Alarms: []Word{"unclaimed_payment"}}
	text, err := json.Marshal(wrote)
	if err != nil {
		t.Fatal(err)
	}
	var read Record
	if err := json.Unmarshal(text, &read); err != nil || !reflect.DeepEqual(read, wrote) {
		t.Errorf("%v, %+v of %s", err, read, text)
	}
}
