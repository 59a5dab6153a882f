package main

import (
	"context"
	"errors"
)

func run(ctx context.Context, arguments []string) error        { return errors.New("not yet") }
func fire(ctx context.Context, arguments []string) error       { return errors.New("not yet") }
func reset() error                                             { return errors.New("not yet") }
func (r *runner) startAll(ctx context.Context, port int) error { return errors.New("not yet") }
