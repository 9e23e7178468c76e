package static_test

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"
)

// scripts returns the TypeScript sources and stories by their path below static.
func scripts(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	tree := os.DirFS(".")
	for _, root := range []string{"src", "stories"} {
		err := fs.WalkDir(tree, root, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasPrefix(path.Ext(name), ".ts") {
				return err
			}
			text, err := fs.ReadFile(tree, name)
			found[name] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

var relativeImport = regexp.MustCompile(`(?:from|import|import\()\s*'(\.{1,2}/[^']+)'`)

// imports returns the files below static that a source imports, types and styles included.
func imports(t *testing.T, all map[string]string, name string) []string {
	t.Helper()
	var found []string
	for _, m := range relativeImport.FindAllStringSubmatch(all[name], -1) {
		file := path.Join(path.Dir(name), m[1])
		for _, extension := range []string{".ts", ".tsx"} {
			if _, ok := all[file+extension]; ok {
				file += extension
				break
			}
		}
		if _, err := os.Stat(file); err != nil {
			t.Errorf("%s imports %s, which does not exist", name, m[1])
		}
		found = append(found, file)
	}
	return found
}

// mayImport lists, for each folder of sources, the folders whose files it may import besides its own.
var mayImport = map[string][]string{
	"src/shared":  {"src/live", "src/ui"},
	"src/live":    {"src/shared"},
	"src/ui":      {"src/shared", "src/live"},
	"src/testing": {"src/shared", "src/live"},
	"src/pages":   {"src/shared", "src/live", "src/ui"},
	"stories":     {"src/shared", "src/live", "src/ui", "src/testing", "src/pages"},
}

// importError returns what is wrong with an import from one file to another, or "".
func importError(from, to string) string {
	folder, target := topFolder(from), topFolder(to)
	page, other := pageOf(from), pageOf(to)
	switch {
	case page != "" && other != "" && page != other:
		return "a page imports from another page; what both use belongs in src/shared or src/ui"
	case folder == target:
		return ""
	case strings.HasSuffix(from, ".test.ts") && target == "src/testing":
		return ""
	case folder == "src":
		return "" // declarations and the JSX factory
	case !slices.Contains(mayImport[folder], target):
		return folder + " does not import from " + target
	}
	return ""
}

// topFolder returns the folder that decides what a file may import: "src/pages", "stories".
func topFolder(name string) string {
	parts := strings.Split(name, "/")
	if parts[0] == "stories" {
		return parts[0]
	}
	return path.Join(parts[:min(2, len(parts)-1)]...)
}

// pageOf returns the page that a file below src/pages belongs to, or "".
func pageOf(name string) string {
	page, _, _ := strings.Cut(strings.TrimPrefix(name, "src/pages/"), "/")
	if !strings.HasPrefix(name, "src/pages/") {
		return ""
	}
	return page
}

func TestPages_ImportOnlySharedFolders(t *testing.T) {
	all := scripts(t)
	if len(all) < 100 {
		t.Fatalf("only %d sources were found", len(all))
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, to := range imports(t, all, name) {
			if wrong := importError(name, to); wrong != "" {
				t.Errorf("%s imports %s: %s", name, to, wrong)
			}
		}
	}
}

func TestImportError_NamesForbiddenImports(t *testing.T) {
	for _, c := range []struct {
		from, to string
		wrong    bool
	}{
		{"src/pages/display/page.tsx", "src/pages/moderator/kinds.ts", true},
		{"src/pages/display/page.tsx", "src/shared/slots.ts", false},
		{"src/pages/display/page.tsx", "src/testing/fixtures.ts", true},
		{"src/pages/display/board.test.ts", "src/testing/check.ts", false},
		{"src/ui/chip.tsx", "src/pages/display/kinds.ts", true},
		{"src/live/fold.ts", "src/ui/chip.tsx", true},
		{"stories/display.tsx", "src/pages/display/page.tsx", false},
		{"src/pages/display/page.tsx", "stories/display.tsx", true},
	} {
		if got := importError(c.from, c.to); (got != "") != c.wrong {
			t.Errorf("%s imports %s: %q", c.from, c.to, got)
		}
	}
}

// TestSources_ImportsHaveNoCycle holds that a source can be read after what it imports.
func TestSources_ImportsHaveNoCycle(t *testing.T) {
	all := scripts(t)
	const visiting, done = 1, 2
	state := map[string]int{}
	var visit func(name string, way []string)
	visit = func(name string, way []string) {
		if state[name] == visiting {
			t.Errorf("a cycle of imports: %s", strings.Join(append(way[slices.Index(way, name):], name), " → "))
		}
		if state[name] != 0 {
			return
		}
		state[name] = visiting
		for _, to := range imports(t, all, name) {
			visit(to, append(slices.Clone(way), name))
		}
		state[name] = done
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		visit(name, nil)
	}
}

// shadowing are globals of the browser that a source declares nothing of the same name as: a
// forgotten import would silently become the global.
var shadowing = []string{"alert", "close", "console", "open"}

// bareName finds a name that stands by itself: neither a member nor the key of a property.
var bareName = regexp.MustCompile(`(?:^|[^\w$.]|\.\.\.)(` + strings.Join(shadowing, "|") + `)\b(\s*:|\.log\()?`)

// methodLine finds the first line of a method in what esbuild prints.
var methodLine = regexp.MustCompile(`(?m)(?:^|[{,])\s*(?:async |get |set )*(` + strings.Join(shadowing, "|") + `)\([^=]*\) \{$`)

// shadowed returns the names of globals that a source uses as names of its own. Types are stripped
// first, so that members of interfaces do not count; console.log is the global itself.
func shadowed(name, source string) ([]string, error) {
	loader := api.LoaderTS
	if strings.HasSuffix(name, "x") {
		loader = api.LoaderTSX
	}
	made := api.Transform(source, api.TransformOptions{Loader: loader, TsconfigRaw: `{"compilerOptions":{"verbatimModuleSyntax":true}}`, LogLevel: api.LogLevelSilent})
	if len(made.Errors) > 0 {
		return nil, &sourceError{name, made.Errors[0].Text}
	}
	code := methodLine.ReplaceAllString(withoutText(string(made.Code)), "")
	var found []string
	for _, m := range bareName.FindAllStringSubmatch(code, -1) {
		if m[2] == "" && !slices.Contains(found, m[1]) {
			found = append(found, m[1])
		}
	}
	return found, nil
}

type sourceError struct{ name, text string }

func (e *sourceError) Error() string { return e.name + ": " + e.text }

// withoutText empties the string literals, templates and comments of a script; what a template
// computes stays.
func withoutText(code string) string {
	var out strings.Builder
	var templates []int // the depth of braces at which each open ${ ends
	depth := 0
	for i := 0; i < len(code); i++ {
		c := code[i]
		switch {
		case strings.HasPrefix(code[i:], "// ") || strings.HasPrefix(code[i:], "/*"):
			i = commentEnd(code, i)
		case c == '"' || c == '\'':
			i = textEnd(code, i+1, c)
			out.WriteString(`""`)
		case c == '`' || c == '}' && len(templates) > 0 && templates[len(templates)-1] == depth:
			if c == '}' {
				templates = templates[:len(templates)-1]
			}
			i = textEnd(code, i+1, '`')
			out.WriteString(" ")
			if i < len(code) && code[i] == '{' {
				templates = append(templates, depth)
			}
		default:
			switch c {
			case '{':
				depth++
			case '}':
				depth--
			}
			out.WriteByte(c)
		}
	}
	return out.String()
}

// textEnd returns where a literal ends: at its quote, or in a template at the brace of "${".
func textEnd(code string, i int, quote byte) int {
	for ; i < len(code); i++ {
		switch {
		case code[i] == '\\':
			i++
		case code[i] == quote:
			return i
		case quote == '`' && code[i] == '$' && i+1 < len(code) && code[i+1] == '{':
			return i + 1
		}
	}
	return i
}

// commentEnd returns the index of the last byte of the comment that begins at i.
func commentEnd(code string, i int) int {
	end, length := "\n", 0
	if code[i+1] == '*' {
		end, length = "*/", len("*/")-1
	}
	at := strings.Index(code[i+1:], end)
	if at < 0 {
		return len(code)
	}
	if length == 0 {
		return i + at // the line's end stays
	}
	return i + 1 + at + length
}

func TestSources_ShadowNoGlobal(t *testing.T) {
	for name, source := range scripts(t) {
		found, err := shadowed(name, source)
		if err != nil {
			t.Error(err)
		}
		for _, global := range found {
			t.Errorf("%s has a name %q, which is a global of the browser", name, global)
		}
	}
}

func TestShadowed_FindsDeclarations(t *testing.T) {
	for source, want := range map[string]string{
		"const open = 1":                            "open",
		"export function close(): void {}":          "close",
		"import { alert, other } from './icons'":    "alert",
		"const f = ({ console }: Props) => console": "console",
		"for (const [a, open] of b) a(open)":        "open",
		"const { a: close } = b":                    "close",
		"f(...open)":                                "open",
		"const x = `${open} open`":                  "open",
		"class A { close(): void {} }":              "",
		"const a = { close: () => 1, open() {} }":   "",
		"interface A { open: boolean }":             "",
		"console.log('open', \"alert\", `close`)":   "",
		"socket.close(); a?.open":                   "",
		"// open\nf() /* close */":                  "",
	} {
		found, err := shadowed("a.ts", source)
		if err != nil || strings.Join(found, " ") != want {
			t.Errorf("%s: %q, want %q (%v)", source, found, want, err)
		}
	}
}
