// The page's address after the '#': an event, and a sheet to print.

export const sheets = ['slips', 'staff', 'tables', 'companies'] as const
export type Sheet = (typeof sheets)[number]

/** holdsLinks tells the sheets that are made of links: whoever prints one takes them out. */
export const holdsLinks = (sheet: Sheet): boolean => sheet === 'slips' || sheet === 'staff'

export interface Route {
  event: string
  sheet: Sheet | ''
}

/** routeOf reads "#green-2026" and "#green-2026/slips"; a link's own fragment has dots, and is none of these. */
export function routeOf(hash: string): Route {
  const [, event = '', sheet = ''] = /^#([A-Za-z0-9_-]{1,40})(?:\/([a-z]+))?$/.exec(hash) ?? []
  return { event, sheet: (sheets as readonly string[]).includes(sheet) ? (sheet as Sheet) : '' }
}
