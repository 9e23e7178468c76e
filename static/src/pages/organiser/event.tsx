// One event: its state, its release, its links, its printed sheets, and its exports.
import { useComputed } from '@preact/signals'
import type { Floor } from '../../shared/floor'
import { currentSlot, timeline } from '../../shared/slots'
import { hhmm, refusal, t } from '../../shared/words'
import { Chip, FreshnessChip } from '../../ui/chip'
import { InlineConfirmButton } from '../../ui/confirm-button'
import { Icon } from '../../ui/icon'
import { alertIcon, arrowIcon, checkIcon, clipIcon, clockIcon, dotIcon, offlineIcon, printIcon } from '../../ui/icons'
import { Name } from '../../ui/names'
import type { Api, ExportedLinks } from './api'
import { type OrganiserSession, useSend } from './commands'
import { ExportHistory, type LinkExport, useExportHistory, useLinkExport } from './link-export'
import { Links } from './links'
import { PrintPage } from './print'
import { holdsLinks, type Sheet, sheets } from './route'
import { useFloor } from './use-floor'

interface Props {
  api: Api
  session: OrganiserSession
  /** The sheet to print; '' shows the event itself. */
  sheet: Sheet | ''
  /** Links that the page has already, for stories. */
  exported?: ExportedLinks | null
}

export function EventPage({ api, session, sheet, exported }: Props) {
  const exports = useExportHistory(api, session.key.event)
  const linkExport = useLinkExport(api, session, exported ?? null, exports.look)
  if (!session.hasView.value) return <main class="org"><p role="status" class="soft">{t('gate.loading')}</p></main>
  if (sheet) return <PrintPage session={session} sheet={sheet} linkExport={linkExport} />
  return (
    <main class="org">
      <EventStatus session={session} />
      <SheetLinks event={session.key.event} linkExport={linkExport} />
      <Links session={session} linkExport={linkExport} />
      <ExportHistory exports={exports} />
    </main>
  )
}

function Refused({ session }: { session: OrganiserSession }) {
  const refused = session.sent.value.filter((sent) => sent.progress.state === 'rejected')
  return (
    <>
      {refused.map((sent) => (
        <div key={sent.id} class="trouble" role="alert">
          <p>{sent.progress.state === 'rejected' && refusal(sent.progress.refusal)}</p>
          <button type="button" class="button small" onClick={() => session.dismiss(sent.id)}>{t('word.close')}</button>
        </div>
      ))}
    </>
  )
}

function EventStatus({ session }: { session: OrganiserSession }) {
  const event = session.singleCard('event')
  const floor = useFloor(session).value
  const send = useSend(session)
  const draft = event?.version === 0
  const pending = session.sent.value.some((sent) => sent.name === 'release' && sent.progress.state !== 'rejected')
  return (
    <section class="org-card">
      <div class="standing-head">
        <h1><Name of={event?.name} /></h1>
        {draft ? <Chip tone="amber" icon={clipIcon}>{t('org.draft')}</Chip> : <Chip tone="jade" icon={checkIcon}>{t('org.releasedAt', { n: event?.version ?? 0, time: event?.releasedAt ? hhmm(event.releasedAt) : '' })}</Chip>}
        <FreshnessChip freshness={session.freshness.value} eventAt={(device) => session.eventAt(device)} />
      </div>
      <EventNumbers session={session} floor={floor} />
      <Refused session={session} />
      {draft && (pending ? <p class="strong" role="status">{t('org.releasing')}</p> : (
        <InlineConfirmButton
          words={t('org.releaseWords', { people: floor.attendee.size, meetings: floor.seats.size })}
          confirm={t('org.releaseYes')}
          class="go"
          run={() => send('release', {})}
        >
          {t('org.release')}
        </InlineConfirmButton>
      ))}
      <a class="button small console-link" href={`/moderator/${session.key.event}/${session.key.link}`} target="_blank" rel="noopener">
        {t('org.openConsole')}
        <Icon d={arrowIcon} />
      </a>
    </section>
  )
}

/** EventNumbers shows the event's numbers and its current slot. */
function EventNumbers({ session, floor }: { session: OrganiserSession; floor: Floor }) {
  const minute = useComputed(() => Math.floor(session.now.value / 60_000) * 60_000).value
  const slot = currentSlot(timeline(session.cardsOf('round'), session.cardsOf('item')), minute)
  const here = session.live.value.here
  const arrived = [...floor.attendee.values()].filter((a) => a.checkedIn).length
  const unseen = session.cardsOf('unseen').size
  const tile = (name: string, value: string | number) => <div key={name}><dt>{t(`org.tile.${name}`)}</dt><dd>{value}</dd></div>
  return (
    <>
      <dl class="counts">
        {tile('companies', floor.company.size)}
        {tile('arrived', t('org.of', { n: arrived, of: floor.attendee.size }))}
        {tile('meetings', floor.seats.size)}
        {tile('tray', floor.tray.length)}
        {tile('unseen', unseen)}
        {tile('requests', [...floor.request.values()].filter((r) => r.state === 'requested').length)}
      </dl>
      <p class="standing-now">
        {slot && <span class="strong">{slot.round ? t('word.round', { no: slot.round.no }) : <Name of={slot.item?.name} />} · {hhmm(slot.now.start)}–{hhmm(slot.now.end)}</span>}
        {here && (
          <>
            <Chip tone="jade" icon={dotIcon}>{t('mod.here.live', { n: here.live ?? 0 })}</Chip>
            <Chip tone="amber" icon={clockIcon}>{t('mod.here.asleep', { n: here.asleep ?? 0 })}</Chip>
            {session.live.value.partial ? <Chip tone="amber" icon={alertIcon}>{t('mod.here.partial')}</Chip> : <Chip tone="red" icon={offlineIcon}>{t('mod.here.gone', { n: here.gone ?? 0 })}</Chip>}
          </>
        )}
      </p>
    </>
  )
}

/** SheetLinks leads to the printed sheets; a sheet with links fetches them. */
function SheetLinks({ event, linkExport }: { event: string; linkExport: LinkExport }) {
  const ask = (sheet: Sheet) => holdsLinks(sheet) && !linkExport.exported.value && linkExport.fetch()
  return (
    <section class="org-card">
      <h2>{t('org.print')}</h2>
      <ul class="sheet-links">
        {sheets.map((sheet) => (
          <li key={sheet}>
            <a class="button small" href={`#${event}/${sheet}`} onClick={() => void ask(sheet)}><Icon d={printIcon} />{t(`org.sheets.${sheet}`)}</a>
          </li>
        ))}
      </ul>
    </section>
  )
}
