// Package bundle makes static/dist from static/src with esbuild's Go API: no
// Node, no network, the same bytes each time. The program static/build and the
// browser tests use it; the server does not, it embeds what was made.
package bundle
