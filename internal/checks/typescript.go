package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// The TypeScript compiler is a native program since version 7, published as
// one npm package a platform. It is fetched as a file and checked against the
// registry's digest, so that no Node is needed for this step either.
const typescriptVersion = "7.0.2"

// compiler is one platform's package and the integrity that npm states for it.
type compiler struct{ platform, sha512 string }

// compilers by GOOS/GOARCH; `npm view @typescript/typescript-linux-x64@7.0.2
// dist.integrity` prints such a digest.
var compilers = map[string]compiler{
	"linux/amd64":  {"linux-x64", "EYdf2cNg7rgCWJnxCdJ+F3V39O8ihb37eHAu1LK8oAFizgTQbPOK7zHHXbPt8rX24COqODXeI3sIf0fCXG7H/A=="},
	"linux/arm64":  {"linux-arm64", "Qh4eU4/y3yDjnfjjyPYihMj5/ODIlmt+Bzu17OI+fiSRDW57QmU5SiN63exPRNJPKUzcc1INa1NXdrJ+MqHjUQ=="},
	"darwin/amd64": {"darwin-x64", "SZ9xZInqApNlNGc9s0W1VSsktYSOe9cFqNOIqmN1Gs8SmkjKZYFt017G4VwPxASInODuAdbTW7sXiFUf893RgA=="},
	"darwin/arm64": {"darwin-arm64", "gowzar9MwS/aRWp6f3a4KUqzRjAZjOsmGNCM6LcTgXum+dBfgsBVMN+AgvOCCbguXyick6LJhpBszxMebJ8syA=="},
}

const (
	maxPackage  = 64 << 20  // bytes of the compressed package
	maxUnpacked = 256 << 20 // bytes of all its files
)

// typescript checks the types of the pages as static/tsconfig.json says.
func typescript(ctx context.Context, c *checker) error {
	tsc, err := fetchCompiler(ctx, c)
	if err != nil {
		return fmt.Errorf("the TypeScript compiler: %w", err)
	}
	return c.command(ctx, tsc, "--noEmit", "--pretty", "false", "-p", "static")
}

// fetchCompiler returns the path of tsc, from .cache if it is there.
func fetchCompiler(ctx context.Context, c *checker) (string, error) {
	want, ok := compilers[runtime.GOOS+"/"+runtime.GOARCH]
	if !ok {
		return "", fmt.Errorf("no digest is pinned for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	dir, err := filepath.Abs(filepath.Join(".cache", "typescript-"+typescriptVersion+"-"+want.platform))
	if err != nil {
		return "", err
	}
	tsc := filepath.Join(dir, "lib", "tsc")
	if _, err := os.Stat(tsc); err == nil {
		return tsc, nil
	}
	url := fmt.Sprintf("%s/@typescript/typescript-%s/-/typescript-%s-%s.tgz", registry(), want.platform, want.platform, typescriptVersion)
	c.say("   fetching %s", url)
	packed, err := download(ctx, url)
	if err != nil {
		return "", err
	}
	if err := verify(packed, want.sha512); err != nil {
		return "", fmt.Errorf("%s: %w", url, err)
	}
	return tsc, install(packed, dir)
}

// registry is npm's, or the mirror that npm itself would use.
func registry() string {
	if mirror := os.Getenv("npm_config_registry"); mirror != "" {
		return strings.TrimSuffix(mirror, "/")
	}
	return "https://registry.npmjs.org"
}

// download tries three times, since a run should not fail for one lost packet.
func download(ctx context.Context, url string) ([]byte, error) {
	client := &http.Client{Timeout: 2 * time.Minute}
	var failures []error
	for range 3 {
		body, err := get(ctx, client, url)
		if err == nil {
			return body, nil
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}

func get(ctx context.Context, client *http.Client, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, resp.Status)
	}
	return io.ReadAll(io.LimitReader(resp.Body, maxPackage))
}

func verify(packed []byte, want string) error {
	sum := sha512.Sum512(packed)
	if got := base64.StdEncoding.EncodeToString(sum[:]); got != want {
		return fmt.Errorf("has the digest sha512-%s instead of sha512-%s", got, want)
	}
	return nil
}

// install unpacks an npm package into dir. After an error there is no dir.
func install(packed []byte, dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	partial, err := os.MkdirTemp(filepath.Dir(dir), "unpacking-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(partial)
	if err := unpack(packed, partial); err != nil {
		return err
	}
	return os.Rename(partial, dir)
}

// unpack writes the files of an npm package, which all lie below "package/".
func unpack(packed []byte, dir string) error {
	zipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	files := tar.NewReader(io.LimitReader(zipped, maxUnpacked))
	for {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name, below := strings.CutPrefix(path.Clean(header.Name), "package/")
		if !below || header.Typeflag != tar.TypeReg {
			return fmt.Errorf("unexpected entry %q in the package", header.Name)
		}
		if err := write(filepath.Join(dir, filepath.FromSlash(name)), files, header.FileInfo().Mode()); err != nil {
			return err
		}
	}
}

func write(file string, content io.Reader, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode.Perm()|0o600)
	if err != nil {
		return err
	}
	_, copyErr := io.Copy(out, content)
	return errors.Join(copyErr, out.Close())
}
