// The words of the pages: the catalogs, the chosen language, names and times.
import { computed, signal } from '@preact/signals-core'
import { keys, sources } from 'catalogs'
import type { Problem } from '../live/frames'
import { deviceStore } from '../live/storage'
import type { Text } from './cards'

export type Language = 'ko' | 'zh' | 'en'

export const languages: readonly { code: Language; tag: string; name: string }[] = [
  { code: 'ko', tag: 'ko', name: '한국어' },
  { code: 'zh', tag: 'zh-Hans', name: '中文' },
  { code: 'en', tag: 'en', name: 'English' },
]

const sentences: Partial<Record<Language, readonly string[]>> = {}
const store = deviceStore()

/** loadWords loads the sentences of a language for t; it rejects if they cannot be fetched. */
export async function loadWords(code: Language): Promise<void> {
  const from = sources[code]
  sentences[code] ??= typeof from === 'string' ? ((await (await fetch(from)).json()) as string[]) : from
}

/** The language that the reader chose last, else the browser's. */
export const language = signal<Language>(firstLanguage())

function firstLanguage(): Language {
  const wanted = [store.get('mf.language') ?? '', ...navigator.languages]
  for (const tag of wanted) {
    const found = languages.find(({ code }) => tag.toLowerCase().startsWith(code))
    if (found) return found.code
  }
  return 'en'
}

/** choose changes the page's language once its sentences are loaded. */
export async function choose(code: Language): Promise<void> {
  await loadWords(code)
  language.value = code
  store.set('mf.language', code)
}

export const tagOf = (code: string): string => (code === 'zh' ? 'zh-Hans' : code)

const index = new Map(keys.map((key, i) => [key, i]))

/**
 * numberOf returns the number of a key's sentence. The bundler replaces a quoted key by its number:
 * see static/bundle/words.go.
 */
const numberOf = (key: string): number => index.get(key) ?? parseInt(key, 36)

export type Params = Record<string, string | number | undefined>

/** t returns the sentence of a key in the chosen language, or in `code`. */
export function t(key: string, params?: Params, code: Language = language.value): string {
  const sentence = sentences[code]?.[numberOf(key)] ?? key
  return params ? sentence.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole)) : sentence
}

/** refusal returns the sentence of a code, or names the code if this page has no sentence for it. */
export function refusal({ code, params }: Problem): string {
  const key = 'error' + '.' + code // not a literal: each page lists the codes that it can meet
  return index.has(key) ? t(key, params) : t('error.other', { code })
}

export interface Named {
  text: string
  lang: string // for the lang attribute
}

/** spellings returns a name in all of its languages, beginning with some. */
function spellings(name: Text | undefined, ...first: Language[]): Named[] {
  const codes = new Set<Language>([...first, 'ko', 'zh', 'en'])
  return [...codes].flatMap((code) => (name?.[code] ? { text: name[code], lang: tagOf(code) } : []))
}

/** named returns a name in the reader's language, or in the first that it has. */
export function named(name: Text | undefined, code: Language = language.value): Named {
  return spellings(name, code)[0] ?? { text: '', lang: tagOf(code) }
}

/** bothNames returns a company's name for the reader, then in its own script or in English. */
export function bothNames(name: Text, country?: string): Named[] {
  const first = named(name)
  const own = country === 'KR' ? 'ko' : country === 'CN' ? 'zh' : 'en'
  const second = spellings(name, own, 'en').find(({ text }) => text !== first.text)
  return second ? [first, second] : [first]
}

/** The event's time zone: times are shown in it, not in the phone's. */
export const timeZone = signal('Asia/Seoul')

const clockFormat = computed(
  () => new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: timeZone.value }),
)

/** hhmm returns "14:02". */
export const hhmm = (at: number): string => clockFormat.value.format(at)

/** spanOf returns "14:00–14:25". */
export const spanOf = (span: { start: number; end: number }): string => `${hhmm(span.start)}–${hhmm(span.end)}`

const dayFormat = computed(
  () => new Intl.DateTimeFormat(tagOf(language.value), { month: 'long', day: 'numeric', weekday: 'short', timeZone: timeZone.value }),
)

/** dayName returns "10월 14일 (수)" or its equivalent. */
export const dayName = (at: number): string => dayFormat.value.format(at)

/** sameDay compares days in the event's zone; an event is shorter than a year. */
export const sameDay = (a: number, b: number): boolean => dayName(a) === dayName(b)

/** mmss returns "22:41", or "1:02:41" from an hour on; below zero it is "0:00". */
export function mmss(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000))
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const two = (n: number) => String(n).padStart(2, '0')
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`
}

/** inWords returns a duration for screen readers and for long times: "5시간 20분". */
export function inWords(milliseconds: number): string {
  const minutes = Math.max(0, Math.ceil(milliseconds / 60_000))
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60]
  if (!hours) return t('time.minutes', { m: minutes })
  return rest ? t('time.both', { h: hours, m: rest }) : t('time.hours', { h: hours })
}

/** pairName returns "한↔중". */
export function pairName(pair: string): string {
  const [a = '', b = ''] = pair.split('-')
  return `${langName(a)}↔${langName(b)}`
}

// words: lang.*
function langName(code: string): string {
  const key = 'lang.' + code
  return index.has(key) ? t(key) : code.toUpperCase()
}
