// The grid by keyboard: where the arrow keys lead. Column 0 is the table's own cell.

export interface Spot {
  row: number
  column: number
}

export interface Extent {
  rows: number
  columns: number // rounds, without column 0
  page: number // rows in sight
}

/** step answers where a key leads from a spot; null: it is none of the grid's keys. */
export function step(key: string, whole: boolean, from: Spot, extent: Extent): Spot | null {
  const to = leap(key, whole, from, extent)
  return to && { row: within(to.row, 0, extent.rows - 1), column: within(to.column, 0, extent.columns) }
}

function leap(key: string, whole: boolean, { row, column }: Spot, { rows, columns, page }: Extent): Spot | null {
  switch (key) {
    case 'ArrowUp':
      return { row: row - 1, column }
    case 'ArrowDown':
      return { row: row + 1, column }
    case 'ArrowLeft':
      return { row, column: column - 1 }
    case 'ArrowRight':
      return { row, column: column + 1 }
    case 'PageUp':
      return { row: row - page, column }
    case 'PageDown':
      return { row: row + page, column }
    case 'Home':
      return { row: whole ? 0 : row, column: 0 }
    case 'End':
      return { row: whole ? rows - 1 : row, column: columns }
    default:
      return null
  }
}

const within = (n: number, low: number, high: number): number => Math.max(low, Math.min(n, high))

/** The rows to draw: those in sight and a few beyond. */
export function span(top: number, height: number, rowHeight: number, rows: number, beyond = 4): { first: number; end: number } {
  const first = within(Math.floor(top / rowHeight) - beyond, 0, Math.max(0, rows - 1))
  return { first, end: within(Math.ceil((top + height) / rowHeight) + beyond, first, rows) }
}
