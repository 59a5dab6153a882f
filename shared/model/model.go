// Package model asks an outside image model for one picture.
package model

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"nanoflux.ai/backend/shared/outbound"
)

// Artist makes one call to one provider; it never repeats it, because each call may cost money.
// The error is a *Failure. The context's deadline ends the call.
type Artist interface {
	Draw(ctx context.Context, order Order) (file []byte, err error)
}

// Order is what a provider is asked for.
type Order struct {
	Model         string   // the provider's own name of it
	Prompt        string   // leaves for the provider, never for a log
	Width, Height int      // pixels; 0 leaves them to the model. Gemini takes only their ratio.
	Seed          int64    // used modulo 2³¹
	Images        [][]byte // JPEG, PNG or WebP; for Workers AI at most four, at most 512 pixels a side
}

// maxReply bounds a provider's answer: the largest picture in base64 is far below.
const maxReply = 32 << 20

// reply is an answer read to its end.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// send makes the call. Errors are Failures without the address or the body of the request.
func send(client *http.Client, request *http.Request) (reply, error) {
	response, err := client.Do(request)
	if refused := outbound.Refusal(err); refused != nil {
		return reply{}, failure(Misconfigured, "address", refused)
	}
	if err != nil {
		if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return reply{}, failure(Broken, "no answer", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxReply+1))
	switch {
	case err != nil:
		return reply{}, failure(Broken, "answer cut short", err)
	case len(body) > maxReply:
		return reply{}, failure(Broken, "answer without end", nil)
	case response.StatusCode >= 300 && response.StatusCode < 400:
		return reply{}, failure(Misconfigured, "redirect, HTTP "+strconv.Itoa(response.StatusCode), nil)
	}
	return reply{response.StatusCode, response.Header, body}, nil
}

// decodeImage takes base64 that must hold an image; whether it can be opened is the caller's question.
func decodeImage(text string) ([]byte, error) {
	file, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, failure(Broken, "image is not base64", nil)
	}
	if !strings.HasPrefix(http.DetectContentType(file), "image/") {
		return nil, failure(Broken, "image is not an image", nil)
	}
	return file, nil
}

// retryAfter reads the header of RFC 9110 §10.2.3 in its form of seconds; otherwise it gives fallback.
func retryAfter(h http.Header, fallback time.Duration) time.Duration {
	if s, err := strconv.Atoi(h.Get("Retry-After")); err == nil && s >= 0 {
		return min(time.Duration(s)*time.Second, time.Hour)
	}
	return fallback
}
