package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/evanw/esbuild/pkg/api"
)

// Page is one entry point of the bundle.
type Page struct {
	Name  string // of the folder in src/pages, and of the HTML file
	Title string
	Small bool // drawn by one effect: see src/live/mini-signals.ts
}

// Pages lists the pages that the server serves.
var Pages = []Page{
	{Name: "attendee", Title: "matchfloor", Small: true},
	{Name: "interpreter", Title: "matchfloor · interpreter", Small: true},
	{Name: "moderator", Title: "matchfloor · floor"},
	{Name: "display", Title: "matchfloor · display"},
	{Name: "organiser", Title: "matchfloor · organiser"},
	{Name: "index", Title: "matchfloor", Small: true},
}

// Files maps a slash-separated path below dist to its content.
type Files map[string][]byte

// Build makes all pages; root is the folder static. It returns an error for a vendored package with
// a wrong checksum and for every warning of esbuild.
func Build(root string) (Files, error) {
	if err := VerifyVendor(filepath.Join(root, "vendor")); err != nil {
		return nil, err
	}
	b, err := newBuilder(root)
	if err != nil {
		return nil, err
	}
	files := Files{}
	if err := b.addFallback(files); err != nil {
		return nil, err
	}
	for _, page := range Pages {
		if err := b.page(page, "src/pages/"+page.Name+"/main.tsx", files); err != nil {
			return nil, fmt.Errorf("%s: %w", page.Name, err)
		}
	}
	return files, b.extras(files)
}

// builder holds what all pages of one run share.
type builder struct {
	root     string // absolute
	template *template.Template
	catalogs map[string]map[string]string
	fallback string // the path of the bundled src/live/fallback.ts, which pages fetch when they need it
}

func newBuilder(root string) (*builder, error) {
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	html, err := template.ParseFiles(filepath.Join(abs, "src", "page.html"))
	if err != nil {
		return nil, err
	}
	catalogs, err := readCatalogs(filepath.Join(abs, "catalogs"))
	if err != nil {
		return nil, err
	}
	return &builder{root: abs, template: html, catalogs: catalogs}, nil
}

// page bundles one entry point with the sentences that its sources use, and writes its HTML. It
// builds twice: the first build finds the sources.
func (b *builder) page(page Page, entry string, files Files) error {
	probe := b.options(entry, page, wordsPlugin(words{}, nil))
	probe.Metafile = true
	first, err := run(probe)
	if err != nil {
		return err
	}
	used, err := b.wordsUsed(first.Metafile)
	if err != nil {
		return err
	}
	sources, err := b.wordFiles(page.Name, used.all(), files)
	if err != nil {
		return err
	}
	made, err := run(b.options(entry, page, wordsPlugin(used, sources)))
	if err != nil {
		return err
	}
	html := pageHTML{Page: page, Icon: iconFile}
	for _, out := range made.OutputFiles {
		_, hash, _ := strings.Cut(filepath.Base(out.Path), "-")
		name := "assets/" + page.Name + "-" + hash
		files[name] = out.Contents
		switch path.Ext(name) {
		case ".js":
			html.Script = name
		case ".css":
			html.Style = name
		}
	}
	var text bytes.Buffer
	if err := b.template.Execute(&text, html); err != nil {
		return err
	}
	files[page.Name+".html"] = text.Bytes()
	return nil
}

// pageHTML is the data of the template src/page.html.
type pageHTML struct {
	Page
	Script, Style, Icon string
}

// options returns esbuild's options for one entry point, a path below the root.
func (b *builder) options(entry string, page Page, plugin api.Plugin) api.BuildOptions {
	alias, mangled := map[string]string{}, ""
	if page.Small {
		alias["@preact/signals-core"] = "./src/live/mini-signals"
		mangled = "^(" + strings.Join(strings.Fields(mangledMembers), "|") + ")$"
	}
	return api.BuildOptions{
		Alias:         alias,
		AbsWorkingDir: b.root,
		EntryPoints:   []string{entry},
		EntryNames:    "[name]-[hash]",
		Outdir:        "dist/assets",
		Bundle:        true,
		Write:         false,
		Format:        api.FormatIIFE,
		Platform:      api.PlatformNeutral, // "import" in a package's exports, never "browser" or "node"
		NodePaths:     []string{filepath.Join(b.root, "vendor")},
		Engines: []api.Engine{
			{Name: api.EngineChrome, Version: "87"},
			{Name: api.EngineSafari, Version: "14.1"},
			{Name: api.EngineIOS, Version: "14.5"},
		},
		// Chrome 80 to 90 fail only at a?.(...b, c), which the pages do not use.
		Supported:         map[string]bool{"optional-chain": true},
		JSX:               api.JSXTransform, // shorter than the automatic runtime, and the same elements
		JSXFactory:        "h",
		JSXFragment:       "Fragment",
		Inject:            []string{"src/jsx.ts"},
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		MangleProps:       mangled,
		LegalComments:     api.LegalCommentsNone, // assets/licences.txt has them in full
		Charset:           api.CharsetUTF8,
		Define:            map[string]string{"FALLBACK": strconv.Quote(b.fallback)},
		External:          []string{"/assets/*"},                                   // such paths stay as they are
		TsconfigRaw:       `{"compilerOptions":{"useDefineForClassFields":false}}`, // shorter; as in tsconfig.json
		Plugins:           []api.Plugin{plugin},
		LogLevel:          api.LogLevelSilent,
	}
}

// run calls api.Build and returns its errors and warnings as one error.
func run(options api.BuildOptions) (api.BuildResult, error) {
	result := api.Build(options)
	var errs []error
	for _, m := range slices.Concat(result.Errors, result.Warnings) {
		at := ""
		if m.Location != nil {
			at = fmt.Sprintf("%s:%d:%d: ", m.Location.File, m.Location.Line, m.Location.Column)
		}
		errs = append(errs, errors.New(at+m.Text))
	}
	return result, errors.Join(errs...)
}

// addFallback bundles src/live/fallback.ts, one file for all pages.
func (b *builder) addFallback(files Files) error {
	options := b.options("src/live/fallback.ts", Page{}, wordsPlugin(words{}, nil))
	options.Format, options.Inject = api.FormatESModule, nil // it has no JSX
	made, err := run(options)
	if err != nil {
		return fmt.Errorf("fallback: %w", err)
	}
	for _, out := range made.OutputFiles {
		name := "assets/" + filepath.Base(out.Path)
		files[name], b.fallback = out.Contents, "/"+name
	}
	return nil
}

const iconFile = "assets/icon.svg"

// extras adds the icon and the licences of the packages in the bundle.
func (b *builder) extras(files Files) error {
	icon, err := os.ReadFile(filepath.Join(b.root, "src", "icon.svg"))
	if err != nil {
		return err
	}
	files[iconFile] = icon
	var licences bytes.Buffer
	for _, name := range vendored {
		text, err := os.ReadFile(filepath.Join(b.root, "vendor", filepath.FromSlash(name), "LICENSE"))
		if err != nil {
			return err
		}
		fmt.Fprintf(&licences, "%s\n\n%s\n", name, text)
	}
	files["assets/licences.txt"] = licences.Bytes()
	return nil
}

// mangledMembers lists the names of members that esbuild shortens in small pages. A name may be here
// only if all its uses are in one bundle: not in a frame, in stored data, in the file of the fallback,
// or in an object of the browser.
const mangledMembers = `
afterFold ahead awaitedSnapshot awaitingView awaitsEarlier calls cardsOf clocks closeSocket
confirmed confirmView connection connectionLost dependencies disconnected dismiss dispatch dueSince
environment eventAt failures fetched fetchingSnapshot flush forgetMeasurement frameBytes frameTimes
freshness hasView heldPatches inFlight kinds kindSignal kindSignals lastPing listener markTrueNow
mayDialEarly measuredAt newID nextMeeting notInFlight onEnd onFreshnessChange onHello onLive
onProgress onViewChange others outbox past paths pendingPing personal phase prefix previousCode
progress publish receive refusal resendAll resends restore roundTrip saveTimer scheduleDial
scheduleTick screen sendHello serverStaleSince session setHidden singleCard situation store takeAck
timer timers trueUntil unackedBytes viewConfirmed viewReached wallAt
`
