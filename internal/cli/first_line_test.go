package cli

import (
	"os"
	"testing"
	"time"
)

// firstLineLimit is how long somebody who starts the program looks at nothing.
const firstLineLimit = time.Second

// TestProgram_PrintsItsFirstLineWithinASecond starts real processes, also with a journal
// that does not answer. Of several starts the fastest counts: other programs may hold the
// processor.
func TestProgram_PrintsItsFirstLineWithinASecond(t *testing.T) {
	key := keyFile(t)
	for name, args := range map[string][]string{
		"demo":                {"demo", "--addr", "127.0.0.1:0", "--crowd", "0"},
		"serve":               {"serve", "--addr", "127.0.0.1:0"},
		"serve without Redis": {"serve", "--addr", "127.0.0.1:0", "--redis", "redis://127.0.0.1:1", "--key-file", key},
	} {
		fastest := time.Duration(1 << 62)
		for range 5 {
			own := args
			if name == "serve" {
				own = append(own, "--data", t.TempDir())
			}
			if fastest = min(fastest, timeToFirstLine(t, own)); fastest < firstLineLimit {
				break
			}
		}
		if t.Log(name, fastest); fastest >= firstLineLimit {
			t.Errorf("%s: the first line comes after %v", name, fastest)
		}
	}
}

// timeToFirstLine starts the program, returns how long it takes until it has printed
// something, and ends it.
func timeToFirstLine(t *testing.T, args []string) time.Duration {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	c := programCommand(t.Context(), t, []string{"TMPDIR=" + t.TempDir()}, args...)
	c.Stdout, c.Stderr = writer, writer
	began := time.Now()
	err = c.Start()
	writer.Close() // the process has its own
	if err != nil {
		t.Fatal(err)
	}
	if err := reader.SetReadDeadline(began.Add(waitLimit)); err != nil {
		t.Fatal(err)
	}
	_, err = reader.Read(make([]byte, 1))
	took := time.Since(began)
	if err != nil {
		t.Errorf("%v printed nothing: %v", args, err)
	}
	if err := c.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = c.Wait() // says that it was killed
	return took
}
