// The modules that the bundler makes.

declare module 'catalogs' {
  /** The keys of the catalogs that this page can show. */
  export const keys: readonly string[]
  /** By language the sentences in the order of the keys, or where to fetch them. */
  export const sources: Readonly<Record<string, readonly string[] | string>>
}

declare module 'golden' {
  export const golden: Readonly<Record<string, string>>
}

declare module '*.css' {}

/** The path of src/live/fallback.ts as a file of its own. */
declare const FALLBACK: string
