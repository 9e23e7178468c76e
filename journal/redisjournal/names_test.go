package redisjournal

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/internal/golden"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

// TestNames_InRedisAreAsPublished pins the keys, their fields, the channel and the bytes of a
// hint. They are data: nodes of two versions share them during an upgrade.
func TestNames_InRedisAreAsPublished(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	j := openTest(t, server.URL, Options{})
	at := mustAppend(t, j, journal.Genesis(theLog, 1), "a/1")
	if err := j.PutSnapshot(t.Context(), theLog, at, []byte("state")); err != nil {
		t.Fatal(err)
	}
	if err := j.PresenceStore().Put(t.Context(), theLog, "node", []byte("presence"), time.Minute); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, key := range textsOf(server.Do("KEYS", "*")) {
		kind := fmt.Sprint(server.Do("TYPE", key))
		fmt.Fprintf(&b, "%s %s\n", key, kind)
		if kind == "hash" {
			for _, field := range textsOf(server.Do("HKEYS", key)) {
				fmt.Fprintf(&b, "\t%s\n", field)
			}
		} else {
			fmt.Fprintf(&b, "\t%q\n", fmt.Sprint(server.Do("XRANGE", key, "-", "+")))
		}
	}
	batch, _ := oneRecord(journal.Genesis(theLog, 1), "a/1")
	fmt.Fprintf(&b, "%s channel\n\t%s\n", channelOf(j.options.Prefix, theLog), hex.EncodeToString(encodeHint(batch)))
	golden.Compare(t, "testdata/names.txt", b.String())
}

// textsOf returns the texts of a reply, sorted.
func textsOf(reply any) []string {
	var texts []string
	for _, v := range reply.([]any) {
		texts = append(texts, fmt.Sprint(v))
	}
	slices.Sort(texts)
	return texts
}
