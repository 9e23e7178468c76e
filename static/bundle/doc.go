// Package bundle makes static/dist from static/src with esbuild's Go API. It needs no Node and no
// network, and the same sources give the same bytes. The program static/build and the browser tests
// use it; the server embeds the result instead.
package bundle
