package main

import (
	"encoding/json"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
)

// addresses says where the parts are, for tools and tests. Those of a run are kept in .local/addresses.json.
type addresses struct {
	Site   string `json:"site,omitempty"`   // origin that browsers open
	Google string `json:"google,omitempty"` // issuer
	CDN    string `json:"cdn,omitempty"`    // origin of signed links
	Bucket string `json:"bucket,omitempty"` // S3 endpoint
	Models string `json:"models,omitempty"` // origin of both image providers
	Stripe string `json:"stripe,omitempty"` // origin of Stripe's API and pages
	// Postgres is the URL of the database's owner, without the pooler.
	Postgres string `json:"postgres,omitempty"`
	Pooler   string `json:"pooler,omitempty"`  // host:port of the transaction pooler
	Control  string `json:"control,omitempty"` // origin of the control endpoint
	Lambda   string `json:"lambda,omitempty"`  // origin of the Lambda API
	Logs     string `json:"logs,omitempty"`    // folder of what the parts and the functions logged
	// Secrets is given only by parts that are wiped at exit; those of a run are in .local/secrets.json.
	Secrets secrets `json:"secrets,omitempty"`
}

const addressesFile = "addresses.json"

// readAddresses reads what an earlier start, or a running one, left in the data folder.
func readAddresses(data string) (addresses, error) {
	var found addresses
	content, err := os.ReadFile(filepath.Join(data, addressesFile))
	if err != nil {
		return found, err
	}
	return found, json.Unmarshal(content, &found)
}

// port returns the port in an address, which is a URL or host:port, or 0.
func port(address string) int {
	if parsed, err := url.Parse(address); err == nil && parsed.Host != "" {
		address = parsed.Host
	}
	_, digits, _ := net.SplitHostPort(address)
	number, _ := strconv.Atoi(digits)
	return number
}
