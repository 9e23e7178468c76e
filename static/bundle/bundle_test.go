package bundle

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// copyVendor copies the vendored packages to a temporary folder.
func copyVendor(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../vendor")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestVerifyVendor_FindsEveryDifference(t *testing.T) {
	const file = "preact/dist/preact.mjs"
	for what, spoil := range map[string]func(dir string) error{
		"is not what":    func(dir string) error { return appendTo(filepath.Join(dir, file), " ") },
		"is missing":     func(dir string) error { return os.Remove(filepath.Join(dir, file)) },
		"is not in":      func(dir string) error { return appendTo(filepath.Join(dir, "preact/more.mjs"), "x") },
		"cannot read \"": func(dir string) error { return appendTo(filepath.Join(dir, sumsFile), "nonsense\n") },
	} {
		dir := copyVendor(t)
		if err := VerifyVendor(dir); err != nil {
			t.Fatalf("untouched: %v", err)
		}
		if err := spoil(dir); err != nil {
			t.Fatal(err)
		}
		if err := VerifyVendor(dir); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%q: %v", what, err)
		}
	}
}

func appendTo(name, text string) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	return f.Close()
}

func TestDifferences_NamesEachFile(t *testing.T) {
	dir := t.TempDir()
	files := Files{"a.html": []byte("a"), "assets/b.js": []byte("b"), "assets/c.css": []byte("c")}
	if err := files.Write(dir); err != nil {
		t.Fatal(err)
	}
	if found, err := files.Differences(dir); err != nil || len(found) > 0 {
		t.Fatalf("just written: %v %v", found, err)
	}
	other := Files{"a.html": []byte("A!"), "assets/b.js": []byte("b"), "assets/d.css": []byte("d")}
	found, err := other.Differences(dir)
	want := []string{"a.html is another (1 bytes, should be 2)", "assets/d.css is missing", "assets/c.css is left over"}
	if err != nil || !slices.Equal(found, want) {
		t.Errorf("%q %v", found, err)
	}
}

func TestMentioned_FindsKeysInSources(t *testing.T) {
	b := &builder{catalogs: map[string]map[string]string{"en": {
		"hero.next": "Next", "hero.last": "Last", "asked.one": "1", "asked.two": "2", "error.stale": "S", "unused.key": "U",
	}}}
	named, quoted := map[string]bool{}, map[string]bool{}
	b.mentioned("t('hero.next'); t(`asked.${state}`); 'not.akey'\n// words: error.stale, hero.l*\n", named, quoted)
	if len(quoted) != 1 || !quoted["hero.next"] || len(named) != 4 || !named["asked.one"] || !named["asked.two"] || !named["error.stale"] || !named["hero.last"] {
		t.Errorf("named %v, quoted %v", named, quoted)
	}
}

func TestNumbered_ReplacesQuotedKeys(t *testing.T) {
	w := words{named: make([]string, 35), quoted: []string{"a.first", "b.second"}}
	got := w.numbered(`t('a.first') + t("b.second") + 'c.other' + "a.firstly"`)
	if want := `t('z') + t('10') + 'c.other' + "a.firstly"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestSize_CountsOneLanguage(t *testing.T) {
	text := []byte(strings.Repeat("wide words ", 50))
	files := Files{"p.html": text, "assets/p-1.js": text, "assets/p-1.css": text, "assets/p-ko-1.json": text, "assets/p-en-1.json": []byte("[]"), "assets/other-1.js": text}
	if got, want := files.Size("p"), 4*gzipped(text); got != want {
		t.Errorf("%d, want %d", got, want)
	}
}

func TestCards_RejectsFieldsWithoutTypeScriptType(t *testing.T) {
	dir := t.TempDir()
	source := "package floor\n\n// OddCard is odd.\ntype OddCard struct {\n\tWhen chan int `json:\"when\"`\n}\n"
	if err := os.WriteFile(filepath.Join(dir, "odd.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Cards(dir); err == nil || !strings.Contains(err.Error(), "when") {
		t.Errorf("a field without a TypeScript type: %v", err)
	}
}

// TestMangledMembers_AreNotOfTheWire holds that members of JSON keep their names in small pages.
func TestMangledMembers_AreNotOfTheWire(t *testing.T) {
	for _, file := range []string{"shared/cards.ts", "live/frames.ts", "live/saved-view.ts", "live/signin.ts"} {
		source, err := os.ReadFile(filepath.Join("..", "src", filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range strings.Fields(mangledMembers) {
			if regexp.MustCompile(`(?m)^\s+` + name + `\??:`).Match(source) {
				t.Errorf("%s has a member %s: no small page may shorten it", file, name)
			}
		}
	}
}
