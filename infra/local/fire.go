package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"time"
)

// fire asks the running service to fire a schedule now.
func fire(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("fire", flag.ContinueOnError)
	name := flags.String("name", "", "the schedule: the name of its function's folder")
	at := flags.String("at", "", "the scheduled time to tell the function, such as 2026-12-24T00:00:00Z; empty for now")
	event := flags.String("event", "", `more fields of the event, as JSON, such as {"days":90}`)
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if *name == "" {
		return errors.New("say what to fire: make fire name=sweep-stalled")
	}
	asked := firing{Name: *name}
	if *at != "" {
		moment, err := time.Parse(time.RFC3339, *at)
		if err != nil {
			return fmt.Errorf("at=%s is not a time like 2026-12-24T00:00:00Z", *at)
		}
		asked.At = &moment
	}
	if *event != "" && json.Unmarshal([]byte(*event), &asked.Event) != nil {
		return fmt.Errorf(`event=%s is not an object like {"days":90}`, *event)
	}
	root, err := project()
	if err != nil {
		return err
	}
	running, err := readAddresses(filepath.Join(root, ".local"))
	if err != nil || running.Control == "" {
		return errors.New("nothing is running here; start it with make run")
	}
	body, err := json.Marshal(asked)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, running.Control+"/fire", bytes.NewReader(body))
	if err != nil {
		return err
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return errors.New("nothing is running here; start it with make run")
	}
	defer reply.Body.Close()
	said, err := io.ReadAll(reply.Body)
	if err != nil {
		return err
	}
	fmt.Printf("%s", said)
	var answer fired
	if json.Unmarshal(said, &answer) != nil || reply.StatusCode != http.StatusOK || answer.FunctionError != "" {
		return fmt.Errorf("%s was not carried out", *name)
	}
	return nil
}
