// Package sample is text of three kinds.
package sample

import "fmt"

// parse answers a number. HERE
//
// It is written anew, HERE and `anew` in a code span is none.
// HERE, a phrase is parted
// by the end of a line.
func parse() error {
	type row struct {
		A int `note:"written anew here"`
	}
	/* HERE beside
	 * whoever answers HERE and HERE
	 */
	const anew = "anew"
	fmt.Println("several parted by commas, HERE", row{})
	return fmt.Errorf(`first line
	beside the second HERE`)
}
