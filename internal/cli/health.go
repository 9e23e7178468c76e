package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/matchfloor/matchfloor/internal/cli/commandline"
)

// healthTimeout is how long a server may take to respond.
const healthTimeout = 3 * time.Second

// health requests a server's /readyz, or another URL, and succeeds if the status is 200.
// It is the health check of a container that holds nothing but the binary.
func health(ctx context.Context, p *commandline.Program, args []string) error {
	f := commandline.NewFlags(p, "health", "[--url URL]",
		"matchfloor health --url http://127.0.0.1:8080/readyz")
	url := f.String("url", "http://127.0.0.1:8080/readyz", "the `URL` to request")
	if _, err := f.ParseArgs(args, 0); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, *url, nil)
	if err != nil {
		return commandline.UsageError("--url: %v", err)
	}
	// Without a proxy, even if the environment names one: the server itself is asked.
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", response.Status, strings.TrimSpace(string(body)))
	}
	fmt.Fprintln(p.Stdout, strings.TrimSpace(string(body)))
	return nil
}
