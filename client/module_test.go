package client_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sdkPackages are the packages of this module that the SDK may link.
var sdkPackages = []string{"client", "client/internal/eventstream", "floor", "internal/hamt", "journal", "wire"}

// goIn runs the go command in a folder, without the network, and returns its output.
func goIn(t *testing.T, folder string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOSUMDB=off", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// mustGoIn is goIn for a command that must succeed.
func mustGoIn(t *testing.T, folder string, args ...string) string {
	t.Helper()
	out, err := goIn(t, folder, args...)
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// newIntegrator makes a module with a copy of an example. It requires the module at
// root by a replace line, as the package comment says.
func newIntegrator(t *testing.T, root, path, example string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(filepath.Join(root, "examples", example, "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"go.mod":  "module example.com/integrator\n",
		"go.sum":  string(sums),
		"main.go": string(program),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mustGoIn(t, folder, "mod", "edit", "-go="+mustGoIn(t, root, "list", "-m", "-f", "{{.GoVersion}}"),
		"-require="+path+"@v0.0.0", "-replace="+path+"="+root)
	return folder
}

// Another module has copies of the examples. They must compile, and must not link the
// server's side. The go command must also accept the module's path for a download,
// which it refuses for a path without a dot in its first element.
func TestModule_AnotherModuleImportsTheSDK(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	path := mustGoIn(t, root, "list", "-m")
	for _, example := range []string{"follow-event", "give-command"} {
		folder := newIntegrator(t, root, path, example)
		mustGoIn(t, folder, "vet", ".")
		for dep := range strings.Lines(mustGoIn(t, folder, "list", "-deps", ".")) {
			own, isOurs := strings.CutPrefix(strings.TrimSpace(dep), path+"/")
			if isOurs && !slices.Contains(sdkPackages, own) {
				t.Errorf("%s links %s; the SDK may link %v of this module only", example, own, sdkPackages)
			}
		}
	}
	// There is no network here, so that the download fails, but not because of the path.
	out, err := goIn(t, t.TempDir(), "mod", "download", path+"@v0.0.0")
	if err == nil || !strings.Contains(out, "GOPROXY=off") {
		t.Errorf("go mod download %s: %s; want an error about GOPROXY=off", path, out)
	}
}
