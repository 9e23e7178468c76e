// Package compose_test runs docker-compose.yml with a container engine of its own, by the
// commands that the file's comments name. `make compose-test` and `make torture` run it.
package compose_test

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
)

// insideVariable holds the kit for the part of the test that runs in namespaces of its own.
const insideVariable = "MATCHFLOOR_COMPOSE_KIT"

// The stack is built, started, used and broken as an operator would, and as machines do. The
// images of Go, Redis and HAProxy are made from Debian's packages, because an image registry
// may be out of reach.
func TestTortureCompose_LosesNothing(t *testing.T) {
	torture(t)
	if text := os.Getenv(insideVariable); text != "" {
		var k kit
		if err := json.Unmarshal([]byte(text), &k); err != nil {
			t.Fatal(err)
		}
		runStack(t, &k)
		return
	}
	requireEngine(t)
	began := time.Now()
	k := prepare(t)
	t.Logf("prepared in %v", since(began))
	repeatInside(t, k)
	t.Logf("all in %v", since(began))
}

// torture skips a test unless `make torture` or `make compose-test` runs it, which set the
// variable.
func torture(t *testing.T) {
	t.Helper()
	if os.Getenv("MATCHFLOOR_TORTURE") == "" {
		t.Skip("left out: make compose-test sets MATCHFLOOR_TORTURE")
	}
}

// repeatInside runs the test again in a network, a file system and a process table of its own.
// All that it started has ended when repeatInside returns.
func repeatInside(t *testing.T, k *kit) {
	t.Helper()
	text, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	c := command(t.Context(), "", "unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child",
		os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=30m")
	c.Env = append(os.Environ(), insideVariable+"="+string(text))
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if line := strings.TrimSpace(lines.Text()); !strings.HasPrefix(line, "=== ") {
			t.Log(line)
		}
	}
	if err := c.Wait(); err != nil {
		t.Errorf("inside: %v", err)
	}
}
