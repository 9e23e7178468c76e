package compose_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	// composeModule is the Compose plugin, which Debian 12 does not have. It is built from the
	// source with its own go.mod and go.sum.
	composeModule = "github.com/docker/compose/v2@v2.40.3"

	debianPackages = "redis-server,haproxy,wget,ca-certificates"
	debianKeys     = "/usr/share/keyrings/debian-archive-keyring.gpg"
)

// enginePackages are the Debian packages of the programs that the test starts.
var enginePackages = map[string]string{
	"dockerd": "docker.io", "docker": "docker.io", "containerd": "containerd", "runc": "runc", "iptables": "iptables",
	"debootstrap": "debootstrap", "ip": "iproute2", "unshare": "util-linux", "tar": "tar", "git": "git",
}

// kit is what the test makes while it still has a network. It is kept in the user's cache
// folder, by what it was made from, because making it takes minutes.
type kit struct {
	Dir     string // the cache folder; also holds the engine's images
	Plugin  string // the Compose plugin
	Debian  string // an archive of a Debian file system
	GoRoot  string // the Go that the Dockerfile names
	GoImage string // the name that the Dockerfile gives to it
	Modules string // the modules of the build, laid out as a module proxy
}

// requireEngine skips the test where no engine can run, and fails it where one only has to be
// installed.
func requireEngine(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("no container engine can run here: starting one needs root")
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil || !strings.Contains(string(mounts), " - cgroup") {
		t.Skip("no container engine can run here: no control groups are mounted")
	}
	var missing []string
	for program, packageName := range enginePackages {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, packageName)
		}
	}
	if len(missing) > 0 {
		t.Fatalf("a container engine is needed: apt-get install --no-install-recommends %s", strings.Join(missing, " "))
	}
}

// prepare makes what is missing in the cache folder. No other run uses the folder until the
// test ends.
func prepare(t *testing.T) *kit {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	k := &kit{Dir: filepath.Join(cache, "matchfloor", "compose-test")}
	if err := os.MkdirAll(k.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	lockFolder(t, k.Dir)
	k.Plugin = k.make(t, "docker-compose", composeModule+runtime.Version(), buildPlugin)
	suite := debianSuite(t)
	k.Debian = k.make(t, "debian.tar", suite+" "+debianPackages, func(ctx context.Context, to string) error {
		return bootstrap(ctx, suite, to)
	})
	sums, err := os.ReadFile("../../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	k.Modules = k.make(t, "modules", string(sums), copyModules)
	k.findGo(t)
	return k
}

// lockFolder waits until no other run uses the folder.
func lockFolder(t *testing.T, dir string) {
	t.Helper()
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lock.Close() })
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
}

// make returns the path of a thing in the folder, and makes it first if it is not there. What
// was made from an earlier recipe is removed.
func (k *kit) make(t *testing.T, name, recipe string, build func(ctx context.Context, to string) error) string {
	t.Helper()
	sum := sha256.Sum256([]byte(recipe))
	path := filepath.Join(k.Dir, fmt.Sprintf("%s-%x", name, sum[:6]))
	if _, err := os.Stat(path); err == nil {
		return path
	}
	old, _ := filepath.Glob(filepath.Join(k.Dir, name+"-*"))
	for _, path := range old {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
	began, unfinished := time.Now(), filepath.Join(k.Dir, name+"-unfinished")
	if err := build(t.Context(), unfinished); err != nil {
		t.Fatalf("making %s: %v", name, err)
	}
	if err := os.Rename(unfinished, path); err != nil {
		t.Fatal(err)
	}
	t.Logf("made %s in %v; it is kept in %s", name, time.Since(began).Round(time.Second), k.Dir)
	return path
}

// buildPlugin builds the Compose plugin inside its module, whose go.mod excludes versions and
// so does not work with `go install`.
func buildPlugin(ctx context.Context, to string) error {
	out, err := command(ctx, "", "go", "mod", "download", "-json", composeModule).Output()
	if err != nil {
		return fmt.Errorf("go mod download: %w", withStderr(err))
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		return err
	}
	build := command(ctx, module.Dir, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", to, "./cmd")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=readonly")
	_, err = build.Output()
	return withStderr(err)
}

// bootstrap makes a Debian file system with the programs of all images, as an archive.
func bootstrap(ctx context.Context, suite, to string) error {
	mirror, err := aptMirror(ctx, suite)
	if err != nil {
		return err
	}
	root := to + ".root"
	defer os.RemoveAll(root)
	arguments := []string{"--variant=minbase", "--include=" + debianPackages}
	if _, err := os.Stat(debianKeys); err == nil {
		arguments = append(arguments, "--keyring="+debianKeys)
	}
	if out, err := command(ctx, "", "debootstrap", append(arguments, suite, root, mirror)...).CombinedOutput(); err != nil {
		return fmt.Errorf("debootstrap: %w: %s", err, out[max(0, len(out)-2000):])
	}
	_, err = command(ctx, "", "tar", "-C", root, "--exclude=./var/cache/apt/*", "-cf", to, ".").Output()
	return withStderr(err)
}

// debianSuite returns the name of the machine's version of Debian, such as "bookworm".
func debianSuite(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/etc/os-release")
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`(?m)^VERSION_CODENAME=(\w+)$`).FindSubmatch(text)
	if name == nil || !regexp.MustCompile(`(?m)^ID=debian$`).Match(text) {
		t.Fatal("the images are made from Debian's packages, and this machine runs no released Debian")
	}
	return string(name[1])
}

// aptMirror returns the address from which this machine takes its Debian packages.
func aptMirror(ctx context.Context, suite string) (string, error) {
	out, err := command(ctx, "", "apt-get", "indextargets", "--format", "$(SITE) $(COMPONENT) $(SUITE) $(CODENAME)", "Created-By: Packages").Output()
	if err != nil {
		return "", fmt.Errorf("apt-get indextargets: %w", withStderr(err))
	}
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) == 4 && f[1] == "main" && (f[2] == suite || f[3] == suite) {
			return f[0], nil
		}
	}
	return "", fmt.Errorf("no source of apt has Debian %s", suite)
}

// copyModules makes a module proxy of what `go mod download` needs, from the module cache.
func copyModules(ctx context.Context, to string) error {
	if out, err := command(ctx, "../..", "go", "mod", "download").CombinedOutput(); err != nil {
		return fmt.Errorf("go mod download: %w: %s", err, out)
	}
	cache, err := command(ctx, "", "go", "env", "GOMODCACHE").Output()
	if err != nil {
		return withStderr(err)
	}
	fresh := to + ".cache"
	defer os.RemoveAll(fresh)
	again := command(ctx, "../..", "go", "mod", "download")
	again.Env = append(os.Environ(), "GOMODCACHE="+fresh, "GOFLAGS=-modcacherw", "GOPROXY=file://"+filepath.Join(strings.TrimSpace(string(cache)), "cache", "download"))
	if out, err := again.CombinedOutput(); err != nil {
		return fmt.Errorf("go mod download from the module cache: %w: %s", err, out)
	}
	return os.Rename(filepath.Join(fresh, "cache", "download"), to)
}

// copyUnder copies a file below the folder from to the same place below to.
func copyUnder(from, file, to string) error {
	if file == "" {
		return nil
	}
	name, err := filepath.Rel(from, file)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, name), data, 0o644)
}

// findGo finds the version of Go that the Dockerfile builds with. The go command downloads it
// if the machine has another one.
func (k *kit) findGo(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	from := regexp.MustCompile(`(?m)^FROM (golang:([\d.]+)-\S+) AS build$`).FindSubmatch(text)
	if from == nil {
		t.Fatal("the Dockerfile does not build from a golang image")
	}
	k.GoImage = string(from[1])
	env := command(t.Context(), "", "go", "env", "GOROOT")
	env.Env = append(os.Environ(), "GOTOOLCHAIN=go"+string(from[2]))
	root, err := env.Output()
	if err != nil {
		t.Fatalf("go %s: %v", from[2], withStderr(err))
	}
	k.GoRoot = strings.TrimSpace(string(root))
}

// command returns a command that ends with ctx and runs in dir.
func command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.WaitDelay = dir, 10*time.Second
	return c
}

// withStderr adds to the error of a command what it has printed.
func withStderr(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return err
}

// copyTree copies the files of the repository as a clone would have them, with what was
// changed since.
func copyTree(t *testing.T, to string) {
	t.Helper()
	out, err := command(t.Context(), "../..", "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatal(withStderr(err))
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if err := copyUnder("../..", filepath.Join("../..", name), to); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
}
