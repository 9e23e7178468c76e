import { equal, test } from '../../testing/check'
import { nextPosition, visibleRows } from './grid-keys'

test('nextPosition: arrows stay in the grid, Home and End reach its edges', () => {
  const extent = { rows: 26, columns: 8, page: 10 }
  equal(nextPosition('ArrowUp', false, { row: 0, column: 3 }, extent), { row: 0, column: 3 })
  equal(nextPosition('ArrowRight', false, { row: 2, column: 8 }, extent), { row: 2, column: 8 })
  equal(nextPosition('PageDown', false, { row: 20, column: 1 }, extent), { row: 25, column: 1 })
  equal(nextPosition('Home', true, { row: 20, column: 5 }, extent), { row: 0, column: 0 })
  equal(nextPosition('End', false, { row: 20, column: 5 }, extent), { row: 20, column: 8 })
  equal(nextPosition('a', false, { row: 0, column: 0 }, extent), null)
})

test('visibleRows: the visible rows and a few more', () => {
  equal(visibleRows(0, 580, 58, 300), { first: 0, end: 14 })
  equal(visibleRows(5800, 580, 58, 300), { first: 96, end: 114 })
  equal(visibleRows(99_999, 580, 58, 300), { first: 299, end: 300 })
  equal(visibleRows(0, 580, 58, 0), { first: 0, end: 0 })
})
