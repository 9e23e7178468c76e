package compose_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	debianImage = "matchfloor-test/debian"
	goTreeImage = "matchfloor-test/go"
)

// engine is a container engine of this test alone. It runs in namespaces of its own, so that
// its networks, addresses and processes meet no other's, and end with the test.
type engine struct {
	t      *testing.T
	debian string // the image that the others are made from
}

// startEngine starts the engine and waits until it responds. Its images are kept in the cache
// folder; what else an earlier run left there is removed.
func startEngine(t *testing.T, k *kit) *engine {
	t.Helper()
	began := time.Now()
	dir, err := os.MkdirTemp("", "mf") // short: the path of a socket has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	e := &engine{t: t}
	for name, value := range map[string]string{
		"DOCKER_HOST": "unix://" + dir + "/sock", "DOCKER_CONFIG": dir + "/config", "DOCKER_BUILDKIT": "1", "BUILDKIT_PROGRESS": "plain",
		// Debian's programs are found first, because a newer client needs more than they bring.
		"PATH": dir + "/bin:/usr/bin:/usr/sbin:/bin:/sbin:" + os.Getenv("PATH"),
	} {
		t.Setenv(name, value)
	}
	e.installPlugin(dir, k.Plugin)
	if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var log bytes.Buffer
	d := exec.Command("dockerd", "--data-root", filepath.Join(k.Dir, "engine"), "--exec-root", dir+"/exec", "--pidfile", dir+"/pid", "--log-level", "error", "-H", "unix://"+dir+"/sock")
	d.Stdout, d.Stderr = &log, &log
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- d.Wait() }()
	t.Cleanup(func() { stopEngine(t, d, ended, &log) })
	eventually(t, time.Minute, "the engine", func() error {
		return e.try(10*time.Second, "docker", "version")
	})
	e.run(time.Minute, "sh", "-c", "docker ps -aq | xargs -r docker rm -f && docker volume prune -f && docker network prune -f && docker image prune -f && docker builder prune -f --keep-storage 2gb")
	t.Logf("the engine runs after %v: %s", since(began),
		e.run(time.Minute, "docker", "info", "-f", "Docker {{.ServerVersion}}, {{.Driver}}, control groups v{{.CgroupVersion}}"))
	return e
}

// installPlugin makes `docker compose` and, where it is not installed, `sudo` work.
func (e *engine) installPlugin(dir, plugin string) {
	e.t.Helper()
	for _, folder := range []string{"/config/cli-plugins", "/bin"} {
		if err := os.MkdirAll(dir+folder, 0o755); err != nil {
			e.t.Fatal(err)
		}
	}
	if err := os.Symlink(plugin, dir+"/config/cli-plugins/docker-compose"); err != nil {
		e.t.Fatal(err)
	}
	if _, err := exec.LookPath("sudo"); err != nil {
		if err := os.WriteFile(dir+"/bin/sudo", []byte("#!/bin/sh\nexec \"$@\"\n"), 0o755); err != nil {
			e.t.Fatal(err)
		}
	}
}

// stopEngine stops the engine, and shows its log if the test has failed.
func stopEngine(t *testing.T, d *exec.Cmd, ended <-chan error, log *bytes.Buffer) {
	d.Process.Signal(syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(time.Minute):
		d.Process.Kill()
		<-ended
		t.Error("the engine did not stop within a minute")
	}
	if t.Failed() {
		text := log.String()
		t.Logf("the engine's log: …%s", text[max(0, len(text)-4<<10):])
	}
}

// try runs a program for at most bound.
func (e *engine) try(bound time.Duration, name string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), bound)
	defer cancel()
	_, err := command(ctx, "", name, args...).Output()
	return withStderr(err)
}

// run runs a program and returns its output without spaces at its ends.
func (e *engine) run(bound time.Duration, name string, args ...string) string {
	e.t.Helper()
	return e.runIn("", bound, name, args...)
}

func (e *engine) runIn(dir string, bound time.Duration, name string, args ...string) string {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), bound)
	defer cancel()
	out, err := command(ctx, dir, name, args...).Output()
	if err != nil {
		e.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), withStderr(err), out[max(0, len(out)-4<<10):])
	}
	return strings.TrimSpace(string(out))
}

// makeImages makes the images that the Dockerfile and the Compose file name, under their
// names. The layers of an earlier run are used again.
func (e *engine) makeImages(k *kit, redis, haproxy string) {
	e.t.Helper()
	began := time.Now()
	e.debian = debianImage + ":" + strings.TrimPrefix(filepath.Base(k.Debian), "debian.tar-")
	if e.try(time.Minute, "docker", "image", "inspect", e.debian) != nil {
		e.run(5*time.Minute, "docker", "import", k.Debian, e.debian)
	}
	e.build("redis", redis, "testdata/images/redis", "DEBIAN="+e.debian)
	e.build("haproxy", haproxy, "testdata/images/haproxy", "DEBIAN="+e.debian)
	e.build("gotree", goTreeImage, k.GoRoot, "DEBIAN="+e.debian)
	e.build("golang", k.GoImage, k.Modules, "GOTREE="+goTreeImage)
	e.t.Logf("base images after %v: %s, %s, %s", since(began), k.GoImage, redis, haproxy)
}

func (e *engine) build(recipe, name, folder, argument string) {
	e.t.Helper()
	e.run(10*time.Minute, "docker", "build", "-q", "-t", name, "--build-arg", argument, "-f", filepath.Join("testdata/images", recipe, "Dockerfile"), folder)
}

// openFiles returns the most open files that the engine can give to a container: any number if
// it may raise limits, otherwise its own limit.
func (e *engine) openFiles(want uint64) uint64 {
	e.t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		e.t.Fatal(err)
	}
	if limit.Max >= want || syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: limit.Cur, Max: want}) == nil {
		return want
	}
	return limit.Max
}

func since(began time.Time) time.Duration { return time.Since(began).Round(10 * time.Millisecond) }

// eventually polls check until it returns nil, and fails after a bound.
func eventually(t *testing.T, bound time.Duration, what string, check func() error) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(bound)
	err := check()
	for err != nil {
		select {
		case <-tick.C:
			err = check()
		case <-late:
			t.Fatalf("waited %v for %s: %v", bound, what, err)
		}
	}
}
