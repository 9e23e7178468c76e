package main

import "math"

// impossible is the cost of a pair that must not be chosen.
const impossible = 1 << 20

// cheapest assigns each row of a square cost matrix a column of its own so that the sum
// of the costs is the least, by the Hungarian method. If several assignments cost the
// least, it always returns the same one.
func cheapest(cost [][]int) []int {
	n := len(cost)
	rowSlack, colSlack := make([]int, n+1), make([]int, n+1)
	rowOf, via := make([]int, n+1), make([]int, n+1) // the row of a column, 0 for none; and the column from which the search reached it
	for row := 1; row <= n; row++ {
		rowOf[0] = row
		col := 0
		least, done := make([]int, n+1), make([]bool, n+1)
		for j := range least {
			least[j] = math.MaxInt
		}
		for rowOf[col] != 0 {
			done[col] = true
			from, step, next := rowOf[col], math.MaxInt, 0
			for j := 1; j <= n; j++ {
				if done[j] {
					continue
				}
				if c := cost[from-1][j-1] - rowSlack[from] - colSlack[j]; c < least[j] {
					least[j], via[j] = c, col
				}
				if least[j] < step {
					step, next = least[j], j
				}
			}
			for j := range n + 1 {
				if done[j] {
					rowSlack[rowOf[j]] += step
					colSlack[j] -= step
				} else if least[j] != math.MaxInt {
					least[j] -= step
				}
			}
			col = next
		}
		for col != 0 {
			rowOf[col] = rowOf[via[col]]
			col = via[col]
		}
	}
	columns := make([]int, n)
	for j := 1; j <= n; j++ {
		columns[rowOf[j]-1] = j - 1
	}
	return columns
}
