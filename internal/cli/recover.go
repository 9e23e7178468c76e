package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/matchfloor/matchfloor/internal/cli/access"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
)

const (
	recoverTimeout  = time.Minute
	maxRecoverReply = 1 << 20 // bytes
)

// refillJournal asks a running node to write what it holds of lost logs back into the
// journal. It proves by the instance key that the operator asks. To repeat the command
// changes nothing that has been recovered.
func refillJournal(ctx context.Context, p *commandline.Program, args []string) error {
	f := commandline.NewFlags(p, "recover", "--node URL --key-file F [--replace]",
		"matchfloor recover --node http://127.0.0.1:8080 --key-file ./instance.key")
	node := f.String("node", "http://127.0.0.1:8080", "the `URL` of a running node that still holds the events: the node itself, not a balancer")
	keyFile := f.String("key-file", "", "the `file` of the instance key, the same as the node's")
	replace := f.Bool("replace", false, "also overwrite logs that hold other records; without it nothing is written if one does, "+
		"because the journal may be another instance's")
	if _, err := f.ParseArgs(args, 0); err != nil {
		return err
	}
	if *keyFile == "" {
		return commandline.UsageError("name the file of the instance key: --key-file F")
	}
	if u, err := url.Parse(*node); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return commandline.UsageError("--node %q is not the URL of a node", *node)
	}
	keys, err := access.ReadKey(*keyFile)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, recoverTimeout)
	defer cancel()
	logs, err := requestRecovery(ctx, strings.TrimRight(*node, "/")+"/api/v1/recover", keys.OperatorToken(time.Now()), *replace)
	if err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	return printRecovered(p, logs)
}

// recoveredLog says what the node did about one log.
type recoveredLog struct {
	Log     string `json:"log"`
	Records int    `json:"records"`
	Error   string `json:"error"`
}

// requestRecovery sends the request to the node.
func requestRecovery(ctx context.Context, address, token string, replace bool) ([]recoveredLog, error) {
	body, err := json.Marshal(map[string]bool{"replace": replace})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	// Without a proxy, even if the environment names one, and without redirects: the token is
	// for this node.
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxRecoverReply))
	if err != nil {
		return nil, err
	}
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized:
		return nil, errors.New("the node refuses the key: --key-file must be the node's own, and the clocks within five minutes of each other")
	default:
		return nil, fmt.Errorf("the node answers %s: %s", response.Status, strings.TrimSpace(string(text)))
	}
	var answer struct {
		Logs []recoveredLog `json:"logs"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, fmt.Errorf("the node's answer: %w", err)
	}
	return answer.Logs, nil
}

// printRecovered prints the result, and fails if a log was not recovered.
func printRecovered(p *commandline.Program, logs []recoveredLog) error {
	if len(logs) == 0 {
		fmt.Fprintln(p.Stdout, "the journal has lost nothing that this node knows of")
		return nil
	}
	var failed error
	for _, l := range logs {
		if l.Error != "" {
			failed = errors.Join(failed, fmt.Errorf("recover: log %s: %s", l.Log, l.Error))
			continue
		}
		fmt.Fprintf(p.Stdout, "log %s: holds its %d records again\n", l.Log, l.Records)
	}
	return failed
}
