package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// packed makes an npm package of files by name.
func packed(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	entries := tar.NewWriter(zipped)
	for name, text := range files {
		if err := entries.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := entries.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := entries.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestVerify_RefusesAnotherDigest(t *testing.T) {
	good := packed(t, map[string]string{"package/lib/tsc": "compiler"})
	sum := sha512.Sum512(good)
	digest := base64.StdEncoding.EncodeToString(sum[:])
	if err := verify(good, digest); err != nil {
		t.Error(err)
	}
	good[len(good)/2] ^= 1
	if verify(good, digest) == nil {
		t.Error("a flipped bit was accepted")
	}
}

func TestInstall_UnpacksAllOrNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "compiler")
	if err := install(packed(t, map[string]string{"package/lib/tsc": "compiler"}), dir); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "lib", "tsc"))
	if err != nil || info.Mode()&0o100 == 0 {
		t.Errorf("no program was unpacked: %v %v", info, err)
	}
	outside := filepath.Join(t.TempDir(), "outside")
	for _, name := range []string{"package/../../escaped", "elsewhere/tsc"} {
		if install(packed(t, map[string]string{name: "x"}), outside) == nil {
			t.Errorf("%s was unpacked", name)
		}
		if _, err := os.Stat(outside); err == nil {
			t.Errorf("after %s a part was left", name)
		}
	}
}

func TestDownload_Retries(t *testing.T) {
	tries := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if tries++; tries < 3 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.Write([]byte("package"))
	}))
	defer server.Close()
	if body, err := download(t.Context(), server.URL); err != nil || string(body) != "package" {
		t.Errorf("%q %v", body, err)
	}
	tries = -3
	if _, err := download(t.Context(), server.URL); err == nil || !strings.Contains(err.Error(), "502") {
		t.Errorf("three failures: %v", err)
	}
}
