package words

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/matchfloor/matchfloor/internal/checks/tree"
)

// Find returns the uses of denied words in the files of a module, in the order
// of files and lines.
func Find(m tree.Module) ([]Use, error) {
	list, err := Load()
	if err != nil {
		return nil, err
	}
	files, err := m.Files(".go", ".md", ".ts", ".tsx")
	if err != nil {
		return nil, err
	}
	var uses []Use
	for _, file := range files {
		paragraphs, err := proseOf(file)
		if err != nil {
			return nil, err
		}
		for _, p := range paragraphs {
			for _, use := range p.uses(list) {
				use.File = file.Name
				uses = append(uses, use)
			}
		}
	}
	slices.SortStableFunc(uses, func(a, b Use) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return uses, nil
}

// proseOf returns the paragraphs of a file by the ending of its name.
func proseOf(file tree.File) ([]paragraph, error) {
	switch path.Ext(file.Name) {
	case ".go":
		return goProse(file)
	case ".md":
		return markdownProse(file), nil
	default:
		return typescriptProse(file.Text), nil
	}
}
