package bundle

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// A page receives only the catalog entries that it can show. Its sources import them from the module
// "catalogs"; the bundler finds their keys in the sources:
//
//   - a key in quotes:                t('hero.next')
//   - keys with a common prefix:      t(`request.${state}`)
//   - a comment, for all other keys:  // words: error.*, wait.long
//
// In the bundle a key in quotes is replaced by the number of its sentence in base 36; the other keys
// keep their names.

// words holds the keys of one page: those that keep their names, and those that become numbers.
type words struct {
	named, quoted []string
}

func (w words) all() []string { return slices.Concat(w.named, w.quoted) }

var languages = []string{"ko", "zh", "en"}

func readCatalogs(dir string) (map[string]map[string]string, error) {
	catalogs := map[string]map[string]string{}
	for _, lang := range languages {
		text, err := os.ReadFile(filepath.Join(dir, lang+".json"))
		if err != nil {
			return nil, err
		}
		var catalog map[string]string
		if err := json.Unmarshal(text, &catalog); err != nil {
			return nil, fmt.Errorf("catalogs/%s.json: %w", lang, err)
		}
		catalogs[lang] = catalog
	}
	return catalogs, nil
}

var (
	templateKey = regexp.MustCompile("`([a-z][A-Za-z]*\\.(?:[A-Za-z]+\\.)*)\\$\\{")
	quotedKey   = regexp.MustCompile(`['"]([a-z][A-Za-z]*(?:\.[A-Za-z0-9_]+)+)['"]`)
	wordComment = regexp.MustCompile(`//\s*words:\s*(.+)`)
)

// wordsUsed returns the catalog keys in the sources of a build.
func (b *builder) wordsUsed(metafile string) (words, error) {
	var meta struct {
		Inputs map[string]struct{} `json:"inputs"`
	}
	if err := json.Unmarshal([]byte(metafile), &meta); err != nil {
		return words{}, err
	}
	named, quoted := map[string]bool{}, map[string]bool{}
	for name := range meta.Inputs {
		if !strings.HasPrefix(name, "src/") && !strings.HasPrefix(name, "stories/") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(b.root, filepath.FromSlash(name)))
		if err != nil {
			return words{}, err
		}
		b.mentioned(string(text), named, quoted)
	}
	maps.DeleteFunc(quoted, func(key string, _ bool) bool { return named[key] })
	return words{slices.Sorted(maps.Keys(named)), slices.Sorted(maps.Keys(quoted))}, nil
}

// mentioned adds the catalog keys in one source to named and quoted.
func (b *builder) mentioned(source string, named, quoted map[string]bool) {
	add := func(key string, to map[string]bool) {
		prefix, many := strings.CutSuffix(key, "*")
		for known := range b.catalogs["en"] {
			if known == key || many && strings.HasPrefix(known, prefix) {
				to[known] = true
			}
		}
	}
	for _, m := range quotedKey.FindAllStringSubmatch(source, -1) {
		add(m[1], quoted)
	}
	for _, m := range templateKey.FindAllStringSubmatch(source, -1) {
		add(m[1]+"*", named)
	}
	for _, m := range wordComment.FindAllStringSubmatch(source, -1) {
		for key := range strings.SplitSeq(m[1], ",") {
			add(strings.TrimSpace(key), named)
		}
	}
}

// numbered replaces each quoted key of a source by the number of its sentence.
func (w words) numbered(source string) string {
	return quotedKey.ReplaceAllStringFunc(source, func(literal string) string {
		at, ok := slices.BinarySearch(w.quoted, strings.Trim(literal, `'"`))
		if !ok {
			return literal
		}
		return "'" + strconv.FormatInt(int64(len(w.named)+at), 36) + "'"
	})
}

// wordsPlugin replaces the keys of sentences in the sources by short ids, and provides the module
// "catalogs". For each language that module has the sentences, or the path to fetch them from, so
// that a phone fetches one language only.
func wordsPlugin(w words, sources map[string]any) api.Plugin {
	return api.Plugin{Name: "catalogs", Setup: func(build api.PluginBuild) {
		build.OnResolve(api.OnResolveOptions{Filter: "^catalogs$"}, func(api.OnResolveArgs) (api.OnResolveResult, error) {
			return api.OnResolveResult{Path: "catalogs", Namespace: "catalogs"}, nil
		})
		build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: "catalogs"}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
			text, err := wordsModule(w.named, sources)
			return api.OnLoadResult{Contents: &text, Loader: api.LoaderJS}, err
		})
		build.OnLoad(api.OnLoadOptions{Filter: `\.tsx?$`}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
			source, err := os.ReadFile(args.Path)
			text := w.numbered(string(source))
			loader := api.LoaderTS // TSX would parse a type in angle brackets as an element
			if strings.HasSuffix(args.Path, "x") {
				loader = api.LoaderTSX
			}
			return api.OnLoadResult{Contents: &text, Loader: loader}, err
		})
	}}
}

func wordsModule(named []string, sources map[string]any) (string, error) {
	list, err := json.Marshal(strings.Join(named, " "))
	if err != nil {
		return "", err
	}
	from, err := json.Marshal(sources)
	return fmt.Sprintf("export const keys=%s.split(' ');export const sources=%s", list, from), err
}

// sentences returns the sentences of keys in one language, in the order of the keys.
func (b *builder) sentences(keys []string, lang string) []string {
	list := make([]string, len(keys))
	for i, key := range keys {
		list[i] = b.catalogs[lang][key]
	}
	return list
}

// wordFiles adds a page's sentences to files, and returns their paths by language.
func (b *builder) wordFiles(page string, keys []string, files Files) (map[string]any, error) {
	sources := map[string]any{}
	for _, lang := range languages {
		text, err := json.Marshal(b.sentences(keys, lang))
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		name := fmt.Sprintf("assets/%s-%s-%X.json", page, lang, sum[:4])
		files[name] = text
		sources[lang] = "/" + name
	}
	return sources, nil
}

// inlineWords returns all sentences of all languages, for tests and stories.
func (b *builder) inlineWords(keys []string) map[string]any {
	sources := map[string]any{}
	for _, lang := range languages {
		sources[lang] = b.sentences(keys, lang)
	}
	return sources
}
