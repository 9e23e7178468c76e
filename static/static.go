// Package static embeds what the server sends to browsers: the pages' bundle, which static/build
// makes from src and which is committed, and the catalogs with the pages' sentences.
package static

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
)

// Files holds the embedded folders, dist and catalogs.
//
//go:embed dist catalogs
var Files embed.FS

// Languages lists the languages that have a catalog.
var Languages = []string{"ko", "zh", "en"}

// Dist returns the bundle: <page>.html for each page, which browsers must revalidate at each load,
// and assets/, whose names change with their content.
func Dist() fs.FS {
	dist, err := fs.Sub(Files, "dist")
	if err != nil {
		panic("static: " + err.Error()) // fs.Sub fails only for an invalid path
	}
	return dist
}

// Catalog returns the sentences of one of Languages by key; "{name}" in a sentence is a placeholder.
// The caller owns the map.
func Catalog(lang string) (map[string]string, error) {
	text, err := Files.ReadFile("catalogs/" + lang + ".json")
	if err != nil {
		return nil, fmt.Errorf("static: no catalog for %q: %w", lang, err)
	}
	var catalog map[string]string
	if err := json.Unmarshal(text, &catalog); err != nil {
		return nil, fmt.Errorf("static: catalog %s: %w", lang, err)
	}
	return catalog, nil
}
