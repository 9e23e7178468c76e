// The organiser's first page: the events, and the upload of a workbook.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Problem } from '../../live/frames'
import { t } from '../../shared/words'
import { Chip } from '../../ui/chip'
import { Icon } from '../../ui/icon'
import { alertIcon, checkIcon, chevronIcon, clipIcon, uploadIcon } from '../../ui/icons'
import { Name } from '../../ui/names'
import type { Api, ApiResult, Fault, ListedEvent, Preview } from './api'
import type { OwnLink } from './own-link'
import { OwnLinkCard } from './own-link-card'
import { ProblemBox } from './problem-box'

interface Props {
  api: Api
  ownLink: OwnLink
  onSignedOut: () => void
  onChosen: (event: string) => void
}

export function Home({ api, ownLink, onSignedOut, onChosen }: Props) {
  const events = useSignal<readonly ListedEvent[] | null>(null)
  const problem = useSignal<Problem | null>(null)
  const load = async () => {
    const answer = await api.events()
    if (answer.ok) {
      events.value = answer.value.events
      problem.value = null
    } else if (answer.problem.code === 'signed_out' && ownLink.pending) await ownLink.replace() // its answer was lost
    else if (answer.problem.code === 'signed_out') onSignedOut()
    else problem.value = answer.problem
  }
  useEffect(() => void load(), [ownLink.replaced.value])
  return (
    <main class="org">
      <section class="org-card">
        <h2>{t('org.events')}</h2>
        {problem.value && <ProblemBox problem={problem.value} again={() => void load()} />}
        {events.value?.length === 0 && <p class="soft">{t('org.noEvents')}</p>}
        <ul class="org-events">
          {events.value?.map((event) => (
            <li key={event.id}>
              <a class="org-event" href={'#' + event.id}>
                <span>
                  <b><Name of={event.name} /></b>
                  <span class="small soft">{event.id}</span>
                </span>
                {event.version === 0 ? <Chip tone="amber" icon={clipIcon}>{t('org.draft')}</Chip> : event.version !== undefined && <Chip tone="jade" icon={checkIcon}>{t('org.released', { n: event.version })}</Chip>}
                <Icon d={chevronIcon} />
              </a>
            </li>
          ))}
        </ul>
      </section>
      <Upload api={api} done={(event) => { void load(); onChosen(event) }} />
      <OwnLinkCard ownLink={ownLink} />
    </main>
  )
}

type Step =
  | { state: 'choose' }
  | { state: 'reading' | 'importing'; file: File }
  | { state: 'faults'; file: File; faults: readonly Fault[] }
  | { state: 'problem'; file: File; problem: Problem }
  | { state: 'preview'; file: File; preview: Preview }

/** The server's limit, checked here too, because eight mebibytes take a while on a slow line. */
const maxFileSize = 8 << 20

export function Upload({ api, done, first = { state: 'choose' } }: { api: Api; done: (event: string) => void; first?: Step }) {
  const step = useSignal<Step>(first)
  const read = async (file: File | undefined) => {
    if (!file) return
    if (file.size > maxFileSize) {
      step.value = { state: 'faults', file, faults: [{ code: 'file_too_big', params: { limit: '8' } }] }
      return
    }
    step.value = { state: 'reading', file }
    step.value = stepAfter(file, await api.preview(file), (preview) => ({ state: 'preview', file, preview }))
  }
  const apply = async (file: File) => {
    step.value = { state: 'importing', file }
    const answer = await api.import(file)
    step.value = stepAfter(file, answer, () => ({ state: 'choose' }))
    if (answer.ok) done(answer.value.event)
  }
  const now = step.value
  const busy = now.state === 'reading' || now.state === 'importing'
  return (
    <section class="org-card">
      <h2>{t('org.workbook')}</h2>
      <p class="soft">{t('org.workbookHelp')}</p>
      <FileDrop busy={busy} onFile={(file) => void read(file)} />
      <div role="status">
        {busy && <p class="strong">{t(now.state === 'reading' ? 'org.reading' : 'org.importing', { file: now.file.name })}</p>}
        {now.state === 'problem' && <ProblemBox problem={now.problem} again={() => void read(now.file)} />}
        {now.state === 'faults' && <Faults file={now.file.name} faults={now.faults} />}
        {now.state === 'preview' && <Previewed step={now} apply={() => void apply(now.file)} away={() => (step.value = { state: 'choose' })} />}
      </div>
    </section>
  )
}

function stepAfter<T>(file: File, answer: ApiResult<T>, good: (value: T) => Step): Step {
  if (answer.ok) return good(answer.value)
  return answer.faults.length ? { state: 'faults', file, faults: answer.faults } : { state: 'problem', file, problem: answer.problem }
}

function FileDrop({ busy, onFile }: { busy: boolean; onFile: (file: File | undefined) => void }) {
  const dragging = useSignal(false)
  return (
    <label
      class="drop"
      data-over={dragging.value ? '' : undefined}
      onDragOver={(event) => { event.preventDefault(); dragging.value = true }}
      onDragLeave={() => (dragging.value = false)}
      onDrop={(event) => { event.preventDefault(); dragging.value = false; onFile(event.dataTransfer?.files[0]) }}
    >
      <Icon d={uploadIcon} />
      <span class="strong">{t('org.choose')}</span>
      <span class="small soft">{t('org.orDrop')}</span>
      <input
        type="file"
        class="quiet"
        accept=".xlsx"
        disabled={busy}
        onChange={(event) => {
          onFile(event.currentTarget.files?.[0])
          event.currentTarget.value = '' // the same file, corrected, must count as a new choice
        }}
      />
    </label>
  )
}

/** Faults is the table of errors in a workbook: where, what, and what would be right. */
function Faults({ file, faults }: { file: string; faults: readonly Fault[] }) {
  return (
    <div class="faults">
      <p class="trouble"><Icon d={alertIcon} /><span>{t('org.faults', { file, n: faults.length })}</span></p>
      <div class="wide-table" tabIndex={0} role="region" aria-label={t('org.faultsTable')}>
        <table>
          <thead>
            <tr><th scope="col">{t('org.sheet')}</th><th scope="col">{t('org.row')}</th><th scope="col">{t('org.column')}</th><th scope="col">{t('org.what')}</th></tr>
          </thead>
          <tbody>
            {faults.map((fault, i) => (
              <tr key={i}>
                <td>{fault.sheet ?? ''}</td>
                <td class="number">{fault.row || ''}</td>
                <td>{fault.column ?? ''}</td>
                <td class="words">{t(`workbook.${fault.code}`, fault.params ?? {})}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  )
}

const counted = ['companies', 'attendees', 'meetings', 'tables', 'rounds', 'zones', 'interpreters', 'staff', 'displays', 'agenda', 'wishes'] as const

function Previewed({ step: { file, preview }, apply, away }: { step: { file: File; preview: Preview }; apply: () => void; away: () => void }) {
  return (
    <div class="preview">
      <p><Chip tone="jade" icon={checkIcon}>{t('org.fine')}</Chip> <b>{file.name}</b> → {preview.event}</p>
      <p>{t(preview.new ? 'org.willCreate' : 'org.willReplace', { event: preview.event })}</p>
      <Counts counts={preview.counts} />
      <div class="org-buttons">
        <button type="button" class="button filled" onClick={apply}>{t('org.import')}</button>
        <button type="button" class="button small" onClick={away}>{t('word.cancel')}</button>
      </div>
    </div>
  )
}

function Counts({ counts }: { counts: Record<string, number> }) {
  return (
    <dl class="counts">
      {counted.filter((name) => counts[name] !== undefined).map((name) => (
        <div key={name}><dt>{t(`org.count.${name}`)}</dt><dd>{counts[name]}</dd></div>
      ))}
    </dl>
  )
}

export type { Step }
