// Exports: the links, which the page fetches only when asked because each fetch leaves a record;
// and the records, for all organisers.
import { type ReadonlySignal, useComputed, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Problem } from '../../live/frames'
import type { HistoryCard } from '../../shared/cards'
import type { FloorKinds } from '../../shared/floor-kinds'
import type { Session } from '../../shared/session'
import { dayName, hhmm, t } from '../../shared/words'
import { Icon } from '../../ui/icon'
import { alertIcon, lockIcon } from '../../ui/icons'
import { absoluteURL, type Api, type Export, type ExportedLinks } from './api'
import { ProblemBox } from './problem-box'

/** LinkExport is the links of an event as far as this page has fetched them. */
export interface LinkExport {
  readonly exported: ReadonlySignal<ExportedLinks | null>
  /** The links, by "role-id", that were replaced since; their addresses no longer work. */
  readonly replaced: ReadonlySignal<ReadonlySet<string>>
  readonly busy: ReadonlySignal<boolean>
  readonly problem: ReadonlySignal<Problem | null>
  fetch: () => void
}

/** replacedSince returns the links that were replaced after a sequence; '*' stands for all, after an import. */
export function replacedSince(done: ReadonlyMap<string, HistoryCard>, seq: number): Set<string> {
  const replaced = new Set<string>()
  for (const [id, card] of done) {
    if (Number(id) <= seq) continue
    if (card.kind === 'importForum') replaced.add('*')
    if (card.kind === 'rotateLink') card.of.forEach((ref) => ref.startsWith('link/') && replaced.add(ref.slice('link/'.length)))
  }
  return replaced
}

export function useLinkExport(api: Api, session: Session<FloorKinds>, initial: ExportedLinks | null, done: () => void): LinkExport {
  const exported = useSignal(initial)
  const busy = useSignal(false)
  const problem = useSignal<Problem | null>(null)
  const replaced = useComputed(() => replacedSince(session.cardsOf('done'), exported.value?.seq ?? Infinity))
  const fetchLinks = async () => {
    if (busy.value) return
    busy.value = true
    const answer = await api.links(session.key.event)
    busy.value = false
    problem.value = answer.ok ? null : answer.problem
    if (answer.ok) exported.value = { ...answer.value, links: answer.value.links.map((link) => ({ ...link, url: absoluteURL(link.url, location.origin) })) }
    done()
  }
  return { exported, replaced, busy, problem, fetch: () => void fetchLinks() }
}

/** FetchLinks offers to fetch the links, or to fetch them again if some were replaced. */
export function FetchLinks({ linkExport }: { linkExport: LinkExport }) {
  const again = linkExport.exported.value !== null
  const problem = linkExport.problem.value
  return (
    <div class="ask">
      {again && <p class="ask-old"><Icon d={alertIcon} />{t('org.linksOld')}</p>}
      <p class="soft small">{t('org.takeHelp')}</p>
      {problem ? <ProblemBox problem={problem} words={problem.code === 'unavailable' ? t('org.notTaken') : undefined} again={linkExport.fetch} /> : (
        <button type="button" class="button" disabled={linkExport.busy.value} onClick={linkExport.fetch}>
          <Icon d={lockIcon} />
          {t(linkExport.busy.value ? 'org.taking' : again ? 'org.takeAgain' : 'org.take')}
        </button>
      )}
    </div>
  )
}

/** Unrecorded says that the log could not hold the record yet. */
export function Unrecorded({ exported }: { exported: ExportedLinks }) {
  return exported.recorded ? null : <p class="ask-old" role="status"><Icon d={alertIcon} />{t('org.notRecorded')}</p>
}

/** useExportHistory returns the exports, newest first; look asks the server again. */
export function useExportHistory(api: Api, event: string) {
  const list = useSignal<readonly Export[] | null>(null)
  const problem = useSignal<Problem | null>(null)
  const load = async () => {
    const answer = await api.exports(event)
    problem.value = answer.ok ? null : answer.problem
    if (answer.ok) list.value = answer.value.exports
  }
  useEffect(() => void load(), [event])
  return { list, problem, look: () => void load() }
}

const linesShown = 6

export function ExportHistory({ exports: { list, problem, look } }: { exports: ReturnType<typeof useExportHistory> }) {
  const all = useSignal(false)
  const lines = list.value ?? []
  return (
    <section class="org-card">
      <h2>{t('org.exports')}</h2>
      <p class="soft small">{t('org.exportsHelp')}</p>
      {problem.value && <ProblemBox problem={problem.value} again={look} />}
      {list.value && lines.length === 0 && <p>{t('org.noExports')}</p>}
      <ul class="exports">
        {(all.value ? lines : lines.slice(0, linesShown)).map((line, i) => (
          <li key={i} class="export">
            <span class="export-when">{dayName(line.at)} <b>{hhmm(line.at)}</b></span>
            <span class="export-what">
              <b>{t(`org.export.${line.instance && line.what === 'links' ? 'organisers' : line.what}`)}</b>
              <span class="small soft">{exporterName(line)}</span>
            </span>
            <span class="export-people">{t('org.people', { n: line.people })}</span>
          </li>
        ))}
      </ul>
      {!all.value && lines.length > linesShown && <button type="button" class="button small" onClick={() => (all.value = true)}>{t('org.allExports', { n: lines.length })}</button>}
    </section>
  )
}

const exporterName = ({ by, name }: Export): string => {
  const id = by.slice(by.indexOf(':') + 1)
  return by.startsWith('operator:') ? t('org.commandLine') : name && name !== id ? `${name} · ${id}` : id
}
