package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// healthWithin is how long a server may take to answer.
const healthWithin = 3 * time.Second

// health asks a server's /readyz, or another URL, and succeeds if the answer is
// 200: for the health check of a container that holds nothing but the binary.
func health(ctx context.Context, p *program, args []string) error {
	f := p.newFlags("health", "[--url URL]")
	url := f.String("url", "http://127.0.0.1:8080/readyz", "what to ask")
	if _, err := f.parse(args, 0); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, *url, nil)
	if err != nil {
		return usageError("--url: %v", err)
	}
	// The request goes to the named server itself, whatever proxy the environment names.
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", answer.Status, strings.TrimSpace(string(body)))
	}
	fmt.Fprintln(p.stdout, strings.TrimSpace(string(body)))
	return nil
}
