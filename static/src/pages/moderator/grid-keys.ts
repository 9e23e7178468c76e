// The arrow keys of the grid. Column 0 is the table's own cell.

export interface GridPosition {
  row: number
  column: number
}

export interface GridSize {
  rows: number
  columns: number // rounds, without column 0
  page: number // visible rows
}

/** nextPosition returns where a key leads from a position, or null if the grid does not use the key. */
export function nextPosition(key: string, whole: boolean, from: GridPosition, extent: GridSize): GridPosition | null {
  const to = unboundedPosition(key, whole, from, extent)
  return to && { row: clamp(to.row, 0, extent.rows - 1), column: clamp(to.column, 0, extent.columns) }
}

function unboundedPosition(key: string, whole: boolean, { row, column }: GridPosition, { rows, columns, page }: GridSize): GridPosition | null {
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

const clamp = (n: number, low: number, high: number): number => Math.max(low, Math.min(n, high))

/** visibleRows returns the rows to draw: the visible ones and a few more. */
export function visibleRows(top: number, height: number, rowHeight: number, rows: number, beyond = 4): { first: number; end: number } {
  const first = clamp(Math.floor(top / rowHeight) - beyond, 0, Math.max(0, rows - 1))
  return { first, end: clamp(Math.ceil((top + height) / rowHeight) + beyond, first, rows) }
}
