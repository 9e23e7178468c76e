// Package tree reads the module that it is compiled into: where its root is,
// which packages it has, and the files that people write. The checks and the
// tests of the layout work on it, with any module path and from any of its folders.
package tree

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// Module is the module of the working directory.
type Module struct {
	Path string // its import path
	Dir  string // its root, absolute
}

// Find returns the module of the working directory, as the go command knows it.
func Find(ctx context.Context) (Module, error) {
	out, err := run(ctx, "", "list", "-m", "-json=Path,Dir")
	if err != nil {
		return Module{}, err
	}
	var m Module
	if err := json.Unmarshal(out, &m); err != nil {
		return Module{}, fmt.Errorf("go list -m: %w", err)
	}
	return m, nil
}

// Owns reports whether a package belongs to the module.
func (m Module) Owns(importPath string) bool {
	return importPath == m.Path || strings.HasPrefix(importPath, m.Path+"/")
}

// Folder returns the folder of one of the module's packages, relative to the
// root and with slashes; "." is the root. It returns the import path of any
// other package unchanged.
func (m Module) Folder(importPath string) string {
	if importPath == m.Path {
		return "."
	}
	return strings.TrimPrefix(importPath, m.Path+"/")
}

// Standard reports whether a package is one of the standard library: the first
// element of its path has no dot, and the module does not own it.
func (m Module) Standard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !m.Owns(importPath) && !strings.Contains(first, ".")
}

// Package is one package, as `go list` describes it.
type Package struct {
	ImportPath   string
	Dir          string
	Name         string
	Export       string // the file of its export data, if List was asked for it
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string
	GoFiles      []string
	Module       *struct{ Path string }

	Folder string `json:"-"` // see [Module.Folder]
}

// Packages lists the packages of the module.
func (m Module) Packages(ctx context.Context) ([]Package, error) { return m.List(ctx) }

// List is Packages with further flags of `go list`, such as -deps and -export.
// It lists what is compiled for Linux, on any system.
func (m Module) List(ctx context.Context, flags ...string) ([]Package, error) {
	fields := "ImportPath,Dir,Name,Export,Imports,TestImports,XTestImports,Deps,GoFiles,Module"
	args := append([]string{"list", "-json=" + fields}, flags...)
	out, err := run(ctx, m.Dir, append(args, "./...")...)
	if err != nil {
		return nil, err
	}
	var packages []Package
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p Package
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages, nil
		}
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		p.Folder = m.Folder(p.ImportPath)
		packages = append(packages, p)
	}
}

// run returns the standard output of the go command, started in a folder; ""
// is the working directory.
func run(ctx context.Context, dir string, args ...string) ([]byte, error) {
	var faults bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=linux")
	cmd.Stderr = &faults
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", args[0], err, faults.Bytes())
	}
	return out, nil
}
