// The fragment of the page's address: an event, and a sheet to print.

export const sheets = ['slips', 'staff', 'tables', 'companies'] as const
export type Sheet = (typeof sheets)[number]

/** holdsLinks reports whether a sheet is made of links, which printing exports. */
export const holdsLinks = (sheet: Sheet): boolean => sheet === 'slips' || sheet === 'staff'

export interface Route {
  event: string
  sheet: Sheet | ''
}

/** routeOf reads "#green-2026" and "#green-2026/slips"; the fragment of a link has dots and is no route. */
export function routeOf(hash: string): Route {
  const [, event = '', sheet = ''] = /^#([A-Za-z0-9_-]{1,40})(?:\/([a-z]+))?$/.exec(hash) ?? []
  return { event, sheet: (sheets as readonly string[]).includes(sheet) ? (sheet as Sheet) : '' }
}
