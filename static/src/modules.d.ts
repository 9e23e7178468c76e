// The modules that the bundler generates.

declare module 'catalogs' {
  /** keys are the catalog keys that this page can show. */
  export const keys: readonly string[]
  /** sources holds, by language, the sentences in the order of the keys, or the path to fetch them from. */
  export const sources: Readonly<Record<string, readonly string[] | string>>
}

declare module 'golden' {
  export const golden: Readonly<Record<string, string>>
}

declare module '*.css' {}

/** FALLBACK is the path of src/live/fallback.ts as a file of its own. */
declare const FALLBACK: string
