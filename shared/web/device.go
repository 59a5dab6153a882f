package web

import (
	"github.com/mileusna/useragent"

	"nanoflux.ai/backend/shared/logline"
)

// device gives the families of browser and system. A name that is not listed, or none, is a client's own text: "other".
func device(text string) (logline.Browser, logline.System) {
	if text == "" {
		return "", ""
	}
	agent := useragent.Parse(text)
	return logline.Browser(agent.Name).Or("other"), logline.System(agent.OS).Or("other")
}
