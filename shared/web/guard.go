package web

import "net/http"

// Guard puts the question who is asking before every other: a request that brings no session gets the refusal, whatever
// else is wrong with it. Whether a session is still good only the database knows.
func Guard(refusal error, routes Routes) Routes {
	guarded := Routes{}
	for pattern, story := range routes {
		guarded[pattern] = func(w http.ResponseWriter, r *http.Request) error {
			if SessionHash(r) == nil {
				return refusal
			}
			return story(w, r)
		}
	}
	return guarded
}
