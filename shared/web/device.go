package web

import (
	"github.com/mileusna/useragent"

	"nanoflux.ai/backend/shared/logline"
)

// device gives the families of browser and system. Names that are not on these lists are a client's own text: "other".
func device(text string) (browser, system logline.Word) {
	if text == "" {
		return "", ""
	}
	agent := useragent.Parse(text)
	return listed(agent.Name, useragent.Chrome, useragent.Safari, useragent.Firefox, useragent.Edge, useragent.Opera, useragent.SamsungBrowser, useragent.HeadlessChrome, "curl"),
		listed(agent.OS, useragent.Windows, useragent.MacOS, useragent.IOS, useragent.Android, useragent.Linux, useragent.ChromeOS)
}

func listed(name string, names ...string) logline.Word {
	for _, known := range names {
		if name == known {
			return logline.Word(known)
		}
	}
	return "other"
}
