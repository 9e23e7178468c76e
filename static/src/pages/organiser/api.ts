// What the organiser's page asks over HTTP. A result is a value or a problem.
import type { Problem } from '../../live/frames'
import type { Text } from '../../shared/cards'

export interface ListedEvent {
  id: string
  name: Text
  version?: number // 0 is a draft; absent if it cannot be read now
}

export interface PersonalLink {
  role: string
  id: string
  name: string
  url: string
}

/** ExportedLinks are the links of an event, as the log records that they were handed out. */
export interface ExportedLinks {
  /** The sequence of the state that they were taken from. */
  seq: number
  /** False during an upgrade of the server, when the log cannot hold the record. */
  recorded: boolean
  links: readonly PersonalLink[]
}

/** Export is one export of links or a backup, with the number of people named in it. */
export interface Export {
  at: number // wall time
  what: string
  by: string
  name?: string
  people: number
  instance?: boolean // of all events, or of the organisers' own links
}

/** Fault is one error in a workbook. */
export interface Fault {
  sheet?: string
  row?: number
  column?: string
  code: string
  params?: Record<string, string>
}

export interface Preview {
  event: string
  new: boolean
  counts: Record<string, number>
}

export type ApiResult<T> = { ok: true; value: T } | { ok: false; problem: Problem; faults: readonly Fault[] }

export interface Api {
  events(): Promise<ApiResult<{ events: ListedEvent[] }>>
  preview(file: Blob): Promise<ApiResult<Preview>>
  import(file: Blob): Promise<ApiResult<{ event: string }>>
  /** Each successful call leaves a record. */
  links(event: string): Promise<ApiResult<ExportedLinks>>
  exports(event: string): Promise<ApiResult<{ exports: Export[] }>>
  /** Replaces the caller's own link. The same id, sent again, gets the same link. */
  rotate(id: string): Promise<ApiResult<{ url: string }>>
}

const workbook = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

/** httpApi asks the server that the page came from, as the holder of a link. */
export function httpApi(link: string): Api {
  const as = '?as=' + link
  const upload = (file: Blob): RequestInit => ({ method: 'POST', headers: { 'Content-Type': workbook }, body: file })
  return {
    events: () => ask('/api/v1/events' + as),
    preview: (file) => ask('/api/v1/events' + as + '&dry=1', upload(file)),
    import: (file) => ask('/api/v1/events' + as, upload(file)),
    links: (event) => ask(`/api/v1/events/${event}/links` + as, { method: 'POST' }),
    exports: (event) => ask(`/api/v1/events/${event}/exports` + as),
    rotate: (id) => ask('/api/v1/rotate' + as, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ id }) }),
  }
}

async function ask<T>(path: string, init: RequestInit = {}): Promise<ApiResult<T>> {
  try {
    const answer = await fetch(path, { credentials: 'same-origin', ...init })
    const body: unknown = await answer.json().catch(() => null)
    return answer.ok && body !== null ? { ok: true, value: body as T } : failed(body)
  } catch {
    return { ok: false, problem: { code: 'unreachable' }, faults: [] }
  }
}

/** failed reads a problem from a body as far as it is one; a proxy's error page is none. */
function failed(body: unknown): { ok: false; problem: Problem; faults: readonly Fault[] } {
  const { code, params, errors } = (body ?? {}) as { code?: string; params?: Record<string, string>; errors?: Fault[] }
  return { ok: false, problem: { code: code ?? 'unreachable', ...(params ? { params } : {}) }, faults: Array.isArray(errors) ? errors : [] }
}

/** absoluteURL returns a link's address, with the page's origin if the instance has no public address yet. */
export const absoluteURL = (url: string, origin: string): string => (url.startsWith('/') ? origin + url : url)
