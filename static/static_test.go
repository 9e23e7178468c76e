package static_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/server/reply"
	"github.com/matchfloor/matchfloor/static"
	"github.com/matchfloor/matchfloor/static/bundle"
	"github.com/matchfloor/matchfloor/wire"
)

// attendeeLimit is the most that a phone may fetch to open the attendee's page, in gzipped bytes. It
// does not include the fallback for networks without WebSockets, which has a limit of its own.
const (
	attendeeLimit = 20 << 10
	fallbackLimit = 3 << 10
)

func catalogs(t *testing.T) map[string]map[string]string {
	t.Helper()
	all := map[string]map[string]string{}
	for _, lang := range static.Languages {
		catalog, err := static.Catalog(lang)
		if err != nil {
			t.Fatal(err)
		}
		all[lang] = catalog
	}
	return all
}

var placeholder = regexp.MustCompile(`\{\w+\}`)

func placeholders(sentence string) []string {
	return slices.Compact(slices.Sorted(slices.Values(placeholder.FindAllString(sentence, -1))))
}

func TestCatalogs_HaveTheSameKeysAndPlaceholders(t *testing.T) {
	all := catalogs(t)
	en := all["en"]
	for lang, catalog := range all {
		for key, sentence := range catalog {
			if strings.TrimSpace(sentence) == "" || sentence != strings.TrimSpace(sentence) {
				t.Errorf("%s: %s is empty or has space around it: %q", lang, key, sentence)
			}
			want, ok := en[key]
			if !ok {
				t.Errorf("%s: %s is not in en", lang, key)
				continue
			}
			if !slices.Equal(placeholders(sentence), placeholders(want)) {
				t.Errorf("%s: %s has %v, in en %v", lang, key, placeholders(sentence), placeholders(want))
			}
		}
		for key := range en {
			if _, ok := catalog[key]; !ok {
				t.Errorf("%s: %s is missing", lang, key)
			}
		}
	}
}

// TestCatalogs_KeysAreUniqueAndSorted exists because JSON silently keeps the last of two equal keys.
func TestCatalogs_KeysAreUniqueAndSorted(t *testing.T) {
	for _, lang := range static.Languages {
		text, err := static.Files.ReadFile("catalogs/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		decoder := json.NewDecoder(strings.NewReader(string(text)))
		var keys []string
		for n := 0; ; n++ {
			token, err := decoder.Token()
			if err != nil {
				break
			}
			if key, ok := token.(string); ok && n%2 == 1 {
				keys = append(keys, key)
			}
		}
		if len(keys) < 100 || !slices.IsSorted(keys) || len(slices.Compact(slices.Clone(keys))) != len(keys) {
			t.Errorf("%s: the keys are not sorted, or one stands twice", lang)
		}
	}
}

// floorCodes reads the codes from floor's source, with the parameters that the comment on each
// line lists.
func floorCodes(t *testing.T) map[string][]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../floor/errors.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string][]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if kind, named := spec.Type.(*ast.Ident); !ok || !named || kind.Name != "Code" {
			return true
		}
		code, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		codes[code] = regexp.MustCompile(`\w+`).FindAllString(spec.Comment.Text(), -1)
		return true
	})
	return codes
}

func TestCatalogs_HaveASentenceForEveryCode(t *testing.T) {
	all := catalogs(t)
	codes := floorCodes(t)
	if len(codes) < 30 || codes[string(floor.CodeStale)] == nil {
		t.Fatalf("only %d codes were found in floor", len(codes))
	}
	for code, params := range codes {
		for lang, catalog := range all {
			sentence := catalog["error."+code]
			if sentence == "" {
				t.Errorf("%s: no sentence for %s", lang, code)
			}
			for _, p := range placeholders(sentence) {
				if !slices.Contains(params, strings.Trim(p, "{}")) {
					t.Errorf("%s: error.%s wants %s, which the code does not have", lang, code, p)
				}
			}
		}
	}
	around := slices.Concat(wire.Codes(), reply.Codes())
	for _, code := range around {
		for lang, catalog := range all {
			if catalog["error."+code] == "" {
				t.Errorf("%s: no sentence for %s", lang, code)
			}
		}
	}
	for key := range all["en"] {
		code, ok := strings.CutPrefix(key, "error.")
		_, floors := codes[code]
		if ok && !floors && !slices.Contains(around, code) && code != "other" {
			t.Errorf("there is a sentence for %s, which is no code", code)
		}
	}
}

// sourceKey and sourcePrefix find keys in the sources, as the bundler does.
var (
	sourceKey    = regexp.MustCompile(`\bt\(\s*'([^']+)'`)
	sourcePrefix = regexp.MustCompile("\\bt\\(\\s*`([^`$]+)\\$\\{")
)

func TestCatalogs_HaveEveryKeyOfTheSources(t *testing.T) {
	en := catalogs(t)["en"]
	for name, text := range sources(t) {
		for _, m := range sourceKey.FindAllStringSubmatch(text, -1) {
			if en[m[1]] == "" {
				t.Errorf("%s uses %q, which no catalog has", name, m[1])
			}
		}
		for _, m := range sourcePrefix.FindAllStringSubmatch(text, -1) {
			if !slices.ContainsFunc(slices.Collect(maps.Keys(en)), func(key string) bool { return strings.HasPrefix(key, m[1]) }) {
				t.Errorf("%s uses %q…, which no catalog has", name, m[1])
			}
		}
	}
}

// sources returns the TypeScript sources by path below src.
func sources(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	tree := bundle.Sources(".")
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
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
	return found
}

func TestDist_IsReproducibleAndCurrent(t *testing.T) {
	files, err := bundle.Build(".")
	if err != nil {
		t.Fatal(err)
	}
	again, err := bundle.Build(".")
	if err != nil {
		t.Fatal(err)
	}
	if !maps.EqualFunc(files, again, slices.Equal) {
		t.Error("building twice makes two bundles")
	}
	found, err := files.Differences("dist")
	if err != nil {
		t.Fatal(err)
	}
	for _, difference := range found {
		t.Errorf("%s; run `make bundle`", difference)
	}
	if got := files.Size("attendee"); got > attendeeLimit {
		t.Errorf("the attendee's page is %d bytes, at most %d", got, attendeeLimit)
	}
}

// TestFallback_IsImportedOnlyWhenNeeded holds that the fallback is one file for all pages, and that
// pages refer to it only by a dynamic import.
func TestFallback_IsImportedOnlyWhenNeeded(t *testing.T) {
	dist := static.Dist()
	found, err := fs.Glob(dist, "assets/fallback-*.js")
	if err != nil || len(found) != 1 {
		t.Fatalf("%v %v", found, err)
	}
	text, err := fs.ReadFile(dist, found[0])
	if err != nil {
		t.Fatal(err)
	}
	if got := (bundle.Files{"assets/fallback-.js": text}).Size("fallback"); got > fallbackLimit {
		t.Errorf("%s is %d bytes, at most %d", found[0], got, fallbackLimit)
	}
	for _, page := range bundle.Pages {
		html, err := fs.ReadFile(dist, page.Name+".html")
		if err != nil {
			t.Fatal(err)
		}
		scripts := regexp.MustCompile(`src="/([^"]+)"`).FindAllStringSubmatch(string(html), -1)
		if len(scripts) != 1 || strings.Contains(string(html), "fallback") {
			t.Fatalf("%s.html: %q", page.Name, html)
		}
		script, err := fs.ReadFile(dist, scripts[0][1])
		if err != nil {
			t.Fatal(err)
		}
		want := 1
		if page.Name == "index" {
			want = 0 // it has no live connection
		}
		asked := strings.Count(string(script), `import(["/`+found[0]+`"])`)
		if named := strings.Count(string(script), found[0]); asked != want || named != want {
			t.Errorf("%s names it %d times and imports it %d times", page.Name, named, asked)
		}
	}
}

func TestCards_AreCurrent(t *testing.T) {
	want, err := bundle.Cards("../floor")
	if err != nil {
		t.Fatal(err)
	}
	if got := sources(t)["shared/cards.ts"]; got != want {
		t.Error("src/shared/cards.ts is not what floor's source yields; run `make bundle`")
	}
	for _, line := range []string{"export interface OwnMeetingCard {", "  mine: Presence\n", "export interface ClockCard extends EventClock {", "  moveMeeting: MoveMeeting\n"} {
		if !strings.Contains(want, line) {
			t.Errorf("%q is not in the card types", line)
		}
	}
}

func TestPages_HaveNoInlineScriptOrStyle(t *testing.T) {
	dist := static.Dist()
	for _, page := range bundle.Pages {
		text, err := fs.ReadFile(dist, page.Name+".html")
		if err != nil {
			t.Fatal(err)
		}
		html := string(text)
		for _, bad := range []string{"<style", " style=", "onload=", "javascript:", "//"} {
			if strings.Contains(strings.ReplaceAll(html, "http://www.w3.org", ""), bad) {
				t.Errorf("%s.html has %q", page.Name, bad)
			}
		}
		for _, src := range regexp.MustCompile(`(?:src|href)="/([^"]+)"`).FindAllStringSubmatch(html, -1) {
			if _, err := fs.Stat(dist, src[1]); err != nil {
				t.Errorf("%s.html refers to %s, which does not exist", page.Name, src[1])
			}
		}
	}
}

func TestVendor_MatchesItsSums(t *testing.T) {
	if err := bundle.VerifyVendor("vendor"); err != nil {
		t.Error(err)
	}
}
