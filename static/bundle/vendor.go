package bundle

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// vendored lists the npm packages whose code is in the bundle.
var vendored = []string{"preact", "@preact/signals", "@preact/signals-core", "uqr"}

// VerifyVendor compares the files of the vendored npm packages in dir with its SHA256SUMS. It returns
// an error if a file differs, is missing or is not listed.
func VerifyVendor(dir string) error {
	tree := os.DirFS(dir)
	want, err := readSums(tree)
	if err != nil {
		return err
	}
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name == sumsFile {
			return err
		}
		sum, listed := want[name]
		if !listed {
			return fmt.Errorf("vendor/%s is not in %s", name, sumsFile)
		}
		delete(want, name)
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		if got := sha256.Sum256(text); hex.EncodeToString(got[:]) != sum {
			return fmt.Errorf("vendor/%s is not what %s says", name, sumsFile)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for name := range want {
		return fmt.Errorf("vendor/%s is missing", name)
	}
	return nil
}

const sumsFile = "SHA256SUMS"

// readSums parses lines of "<hex>  <path>", as sha256sum writes them.
func readSums(tree fs.FS) (map[string]string, error) {
	text, err := fs.ReadFile(tree, sumsFile)
	if err != nil {
		return nil, err
	}
	sums := map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		sum, name, ok := strings.Cut(lines.Text(), "  ")
		if !ok {
			return nil, fmt.Errorf("vendor/%s: cannot read %q", sumsFile, lines.Text())
		}
		sums[name] = sum
	}
	return sums, lines.Err()
}
