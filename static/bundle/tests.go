package bundle

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// BuildTests makes files for tests and screenshots, which the server does not serve: test.html runs
// every src/**/*.test.ts and sets window.testReport; story-<page>.html?state=…&lang=… shows a story
// of a page, and window.stories lists their names.
func BuildTests(root string) (Files, error) {
	b, err := newBuilder(root)
	if err != nil {
		return nil, err
	}
	files := Files{}
	if err := b.addFallback(files); err != nil {
		return nil, err
	}
	for _, page := range Pages {
		entry := "stories/" + page.Name + ".tsx"
		if _, err := os.Stat(filepath.Join(b.root, filepath.FromSlash(entry))); err != nil {
			continue // a page without stories
		}
		story := Page{Name: "story-" + page.Name, Title: page.Title, Small: page.Small}
		if err := b.page(story, entry, files); err != nil {
			return nil, fmt.Errorf("%s: %w", entry, err)
		}
	}
	if err := b.unitTests(files); err != nil {
		return nil, err
	}
	return files, b.extras(files)
}

func (b *builder) unitTests(files Files) error {
	names, err := testSources(filepath.Join(b.root, "src"))
	if err != nil {
		return err
	}
	var entry strings.Builder
	for _, name := range names {
		fmt.Fprintf(&entry, "import './%s'\n", strings.TrimSuffix(name, ".ts"))
	}
	entry.WriteString("import { runTests } from './testing/check'\nvoid runTests()\n")
	keys := b.allKeys()
	options := b.options("", Page{}, wordsPlugin(words{named: keys}, b.inlineWords(keys)))
	options.EntryPoints = nil
	options.EntryNames = "test"
	options.MinifyIdentifiers, options.MinifySyntax, options.MinifyWhitespace = false, false, false
	options.Stdin = &api.StdinOptions{Contents: entry.String(), ResolveDir: filepath.Join(b.root, "src"), Sourcefile: "tests.ts", Loader: api.LoaderTS}
	options.Plugins = append(options.Plugins, b.goldenPlugin())
	made, err := run(options)
	if err != nil {
		return err
	}
	html := pageHTML{Page: Page{Name: "test", Title: "test"}, Icon: iconFile, Script: "assets/test.js"}
	for _, out := range made.OutputFiles {
		files["assets/test"+filepath.Ext(out.Path)] = out.Contents
	}
	var text strings.Builder
	if err := b.template.Execute(&text, html); err != nil {
		return err
	}
	files["test.html"] = []byte(text.String())
	return nil
}

// allKeys returns the keys of the catalogs, sorted.
func (b *builder) allKeys() []string { return slices.Sorted(maps.Keys(b.catalogs["en"])) }

// testSources returns the paths of all *.test.ts below src, sorted.
func testSources(src string) ([]string, error) {
	var names []string
	err := fs.WalkDir(os.DirFS(src), ".", func(name string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".test.ts") {
			names = append(names, name)
		}
		return err
	})
	return names, err
}

// goldenDirs hold the golden files of the Go packages whose rules the pages follow.
var goldenDirs = []string{"wire/testdata", "floor/testdata"}

// goldenPlugin provides the module "golden": the JSON files of goldenDirs, text by file name.
func (b *builder) goldenPlugin() api.Plugin {
	return api.Plugin{Name: "golden", Setup: func(build api.PluginBuild) {
		build.OnResolve(api.OnResolveOptions{Filter: "^golden$"}, func(api.OnResolveArgs) (api.OnResolveResult, error) {
			return api.OnResolveResult{Path: "golden", Namespace: "golden"}, nil
		})
		build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: "golden"}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
			text, err := goldenModule(filepath.Join(b.root, ".."))
			return api.OnLoadResult{Contents: &text, Loader: api.LoaderJS}, err
		})
	}}
}

func goldenModule(root string) (string, error) {
	golden := map[string]string{}
	for _, dir := range goldenDirs {
		tree := os.DirFS(filepath.Join(root, filepath.FromSlash(dir)))
		names, err := fs.Glob(tree, "*.json")
		if err != nil {
			return "", err
		}
		for _, name := range names {
			if _, twice := golden[name]; twice {
				return "", fmt.Errorf("%s/%s: another golden file has that name", dir, name)
			}
			text, err := fs.ReadFile(tree, name)
			if err != nil {
				return "", err
			}
			golden[name] = string(text)
		}
	}
	text, err := json.Marshal(golden)
	return "export const golden=" + string(text), err
}
