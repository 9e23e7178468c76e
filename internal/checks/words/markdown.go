package words

import (
	"path"
	"strings"

	"github.com/matchfloor/matchfloor/internal/checks/tree"
)

// markdownProse returns the paragraphs of a Markdown file without fenced code,
// quotations and, in a changelog, the entries of released versions.
func markdownProse(file tree.File) []paragraph {
	changelog := path.Base(file.Name) == "CHANGELOG.md"
	var prose []paragraph
	var open paragraph
	fence, released := "", false
	end := func() {
		if len(open.lines) > 0 {
			prose = append(prose, open)
		}
		open = paragraph{}
	}
	for i, line := range strings.Split(file.Text, "\n") {
		text := strings.TrimSpace(line)
		if fence != "" {
			if strings.HasPrefix(text, fence) {
				fence = ""
			}
			continue
		}
		if version, ok := strings.CutPrefix(text, "## "); ok && changelog {
			released = !strings.EqualFold(strings.Trim(version, "[]"), "unreleased")
		}
		fence = opensFence(text)
		if fence != "" || released || text == "" || strings.HasPrefix(text, ">") {
			end()
			continue
		}
		if len(open.lines) == 0 {
			open.first = i + 1
		}
		open.lines = append(open.lines, text)
	}
	end()
	return prose
}

// opensFence returns the mark that ends the fenced code which a line begins, or
// "" if it begins none.
func opensFence(line string) string {
	for _, mark := range []string{"```", "~~~"} {
		if strings.HasPrefix(line, mark) {
			return mark
		}
	}
	return ""
}
