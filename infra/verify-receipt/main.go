// Command verify-receipt says what the receipt of an erasure states, once its signature holds.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"nanoflux.ai/backend/shared/receipt"
)

const usage = `verify-receipt says what the receipt of an erasure states, and that this service signed exactly that.

  make verify-receipt receipt=receipt.jws keys=https://images.example.com/.well-known/jwks.json

  receipt   the file with the receipt, or - for standard input
  keys      a file with the service's public keys, or their address

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	flags := flag.NewFlagSet("verify-receipt", flag.ExitOnError)
	flags.Usage = func() { fmt.Fprint(os.Stderr, usage); flags.PrintDefaults() }
	file := flags.String("receipt", "", "the receipt's file, - for standard input")
	keys := flags.String("keys", "", "the public keys' file or address")
	_ = flags.Parse(os.Args[1:]) // it exits by itself
	if err := run(ctx, *file, *keys, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "verify-receipt:", err)
		os.Exit(1)
	}
}

// most is how long a receipt or a set of keys may be, in bytes.
const most = 256 << 10

func run(ctx context.Context, file, keys string, in io.Reader, out io.Writer) error {
	text, err := readReceipt(file, in)
	if err != nil {
		return err
	}
	set, err := readKeys(ctx, keys)
	if err != nil {
		return err
	}
	known, err := receipt.ParseJWKS(set)
	if err != nil {
		return fmt.Errorf("the keys at %s cannot be used: %w", keys, err)
	}
	r, err := receipt.Verify(known, strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("do not believe this receipt: %w", err)
	}
	tell(out, r)
	return nil
}

func readReceipt(file string, in io.Reader) ([]byte, error) {
	switch file {
	case "":
		return nil, errors.New("which receipt? Say receipt=FILE, or receipt=- to read standard input")
	case "-":
		return limited(in)
	}
	return open(file)
}

func readKeys(ctx context.Context, from string) ([]byte, error) {
	address, err := url.Parse(from)
	switch {
	case from == "":
		return nil, errors.New("which keys? Say keys=https://SITE/.well-known/jwks.json with the service's own site, or keys=FILE")
	case err != nil || address.Host == "":
		return open(from)
	case address.Scheme != "https" && address.Hostname() != "localhost" && address.Hostname() != "127.0.0.1":
		return nil, errors.New("keys are fetched over https only: over http anybody on the way could give you others")
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("the keys cannot be fetched: %w", err)
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the keys cannot be fetched: %s answers %s", from, reply.Status)
	}
	return limited(reply.Body)
}

func open(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return limited(file)
}

func limited(from io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(from, most+1))
	if err == nil && len(text) > most {
		err = errors.New("that is far too long for a receipt or for keys")
	}
	return text, err
}

const (
	day    = "2 January 2006"
	minute = "2 January 2006, 15:04 UTC"
)

// tell says the receipt in words.
func tell(out io.Writer, r receipt.Receipt) {
	fmt.Fprintf(out, "The signature holds. Receipt %s says:\n\n", r.ID)
	fmt.Fprintf(out, "An account was erased on %s. %s on %s; the promise was %s.\n",
		r.ErasedAt.UTC().Format(minute), cause(r.Cause), r.RequestedAt.UTC().Format(minute), r.ErasedBy.UTC().Format(day))
	if r.ErasedAt.After(r.ErasedBy) {
		fmt.Fprintln(out, "That was late: the promise was broken.")
	}
	fmt.Fprintf(out, "No backup holds any of it after %s.\n\nThe steps, and when each was done:\n", r.BackupsUntil.UTC().Format(day))
	for _, stage := range r.Stages {
		fmt.Fprintf(out, "  %-10s %s\n", stage.Stage, stage.At.UTC().Format(minute))
	}
	fmt.Fprintln(out, "\nWhat was erased:")
	for _, class := range slices.Sorted(maps.Keys(r.Counts)) {
		fmt.Fprintf(out, "  %-20s %d\n", strings.ReplaceAll(class, "_", " "), r.Counts[class])
	}
	if len(r.Stays) == 0 {
		fmt.Fprintln(out, "\nNothing stays.")
		return
	}
	fmt.Fprintln(out, "\nWhat stays, until when, and why:")
	for _, stay := range r.Stays {
		number := ""
		if stay.Count > 0 {
			number = fmt.Sprintf(" (%d)", stay.Count)
		}
		fmt.Fprintf(out, "  %s%s, until %s: %s\n", stay.What, number, stay.Until.UTC().Format(day), stay.Why)
	}
}

func cause(of string) string {
	switch of {
	case "request":
		return "Its owner asked for it"
	case "child":
		return "It was found to be a child's"
	case "staff":
		return "The service's staff ended it"
	case "restore":
		return "It had come back with a backup, which was noticed"
	}
	return "It was ordered (" + of + ")"
}
