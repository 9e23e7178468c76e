// Package static holds what browsers are served: the pages' bundle, made from
// src by static/build and committed, and the catalogs of what the pages say.
package static

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
)

// Files is everything that is embedded: dist and catalogs.
//
//go:embed dist catalogs
var Files embed.FS

// Languages are those that have a catalog.
var Languages = []string{"ko", "zh", "en"}

// Dist returns the bundle: <page>.html for each page, to be revalidated at each
// load, and assets/, whose names change with their content.
func Dist() fs.FS {
	dist, err := fs.Sub(Files, "dist")
	if err != nil {
		panic("static: " + err.Error()) // only an invalid path is an error, and "dist" is none
	}
	return dist
}

// Catalog returns the sentences of one of Languages by their keys; "{name}" in a
// sentence is a placeholder. The map is the caller's own.
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
