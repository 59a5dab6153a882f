// Package party is the register of the outside parties that data goes to.
package party

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
	Hosts []string // that functions reach: names in lower case, in which one * stands for letters, digits and hyphens
}

// Of says whose a host is in this register; false where it is nobody's. The host is a bare name in lower case, without port.
func Of(register []Party, host string) (Party, bool) {
	for _, p := range register {
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

// Loopback says whether a host is this machine, written in one of three ways: no outside party is there.
func Loopback(host string) bool { return host == "127.0.0.1" || host == "::1" || host == "localhost" }

// fits lets a * stand for one letter, digit or hyphen at least, and never for a dot.
func fits(pattern, host string) bool {
	before, after, open := strings.Cut(pattern, "*")
	if !open {
		return host == pattern
	}
	rest, begins := strings.CutPrefix(host, before)
	middle, ends := strings.CutSuffix(rest, after)
	return begins && ends && middle != "" && strings.Trim(middle, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
