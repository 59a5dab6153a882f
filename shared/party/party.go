// Package party is the register of the outside parties that data goes to.
package party

import "path"
import "strings"

// Party is somebody outside, with what it does for this service.
type Party struct {
	Name     string
	Clauses  []string // of the policy, which name it or hold for it: "P5.1"
	Services []Service
}

// Service is one thing that a party does. All but Hosts are words for people.
type Service struct {
	For   string   // what it does
	Gets  string   // which data
	Keeps string   // for how long
	Where string   // an AWS region like "us-east-1", or words
	Hosts []string // that functions reach: names in lower case, in which * stands for letters, digits and hyphens
}

// Of says whose a host is, for a deployment in this region; false where it is nobody's in the register. The host is a bare
// name in lower case, without port.
func Of(host, region string) (Party, bool) {
	for _, p := range Register(region) {
		for _, s := range p.Services {
			for _, pattern := range s.Hosts {
				if fits(pattern, host) {
					return p, true
				}
			}
		}
	}
	return Party{}, false
}

// fits compares label by label, so that a * never reaches over a dot.
func fits(pattern, host string) bool {
	slashes := strings.NewReplacer(".", "/")
	ok, err := path.Match(slashes.Replace(pattern), slashes.Replace(host))
	return err == nil && ok
}
