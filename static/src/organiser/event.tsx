// One event: where it stands, its release, its links, its sheets.
import { useComputed, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Commands } from '../cards'
import type { Problem } from '../live/frames'
import type { Floor } from '../moderator/floor'
import type { FloorKinds } from '../moderator/kinds'
import { matches } from '../moderator/people'
import { current, timeline } from '../moderator/slots'
import type { Session } from '../session'
import { Chip, LinkChip } from '../ui/chip'
import { Icon } from '../ui/icon'
import { Name } from '../ui/names'
import { alert, arrow, check, clip, clock, dot, offline, print, search } from '../ui/strokes'
import { hhmm, refusal, t } from '../words'
import { type Api, type PersonalLink, whole } from './api'
import { useFloor } from './floor'
import { Trouble } from './home'
import { PrintPage } from './print'
import { Qr } from './qr'
import { Twice } from './twice'
import { type Sheet, sheets } from './where'

type S = Session<FloorKinds>

interface Props {
  api: Api
  session: S
  /** What is to be printed; '': nothing, the event itself is shown. */
  sheet: Sheet | ''
}

export function EventPage({ api, session, sheet }: Props) {
  const links = useSignal<readonly PersonalLink[] | null>(null)
  const problem = useSignal<Problem | null>(null)
  const load = async () => {
    const answer = await api.links(session.seat.event)
    if (answer.ok) links.value = answer.value.map((link) => ({ ...link, url: whole(link.url, location.origin) }))
    problem.value = answer.ok ? null : answer.problem
  }
  // A rotated link has another address: what changes the links is a command, and the log shows it.
  const rotated = useComputed(() => [...session.of('done').values()].filter((card) => card.kind === 'rotateLink' || card.kind === 'release').length).value
  useEffect(() => void load(), [rotated])
  if (!session.whole.value) return <main class="org"><p role="status" class="soft">{t('gate.loading')}</p></main>
  if (sheet) return <PrintPage session={session} sheet={sheet} links={links.value ?? []} />
  return (
    <main class="org">
      <Standing session={session} />
      <Sheets event={session.seat.event} />
      {problem.value && <Trouble problem={problem.value} again={() => void load()} />}
      {links.value && <Links session={session} links={links.value} />}
    </main>
  )
}

/** Given keeps what commands were refused: an organiser has to know. */
function useGive(session: S): <C extends keyof Commands>(name: C, body: Commands[C]) => void {
  return (name, body) => void session.send(name, body, { within: 30_000 })
}

function Refused({ session }: { session: S }) {
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

function Standing({ session }: { session: S }) {
  const event = session.one('event')
  const floor = useFloor(session).value
  const give = useGive(session)
  const draft = event?.version === 0
  const pending = session.sent.value.some((sent) => sent.name === 'release' && sent.progress.state !== 'rejected')
  return (
    <section class="org-card">
      <div class="standing-head">
        <h1><Name of={event?.name} /></h1>
        {draft ? <Chip tone="amber" icon={clip}>{t('org.draft')}</Chip> : <Chip tone="jade" icon={check}>{t('org.releasedAt', { n: event?.version ?? 0, time: event?.releasedAt ? hhmm(event.releasedAt) : '' })}</Chip>}
        <LinkChip link={session.link.value} eventAt={(device) => session.eventAt(device)} />
      </div>
      <Present session={session} floor={floor} />
      <Refused session={session} />
      {draft && (pending ? <p class="strong" role="status">{t('org.releasing')}</p> : (
        <Twice
          label={t('org.release')}
          words={t('org.releaseWords', { people: floor.attendee.size, meetings: floor.seats.size })}
          confirm={t('org.releaseYes')}
          class="go"
          onConfirm={() => give('release', {})}
        />
      ))}
      <a class="button small console-link" href={`/moderator/${session.seat.event}/${session.seat.link}`} target="_blank" rel="noopener">
        {t('org.openConsole')}
        <Icon d={arrow} />
      </a>
    </section>
  )
}

/** Present is the event as it stands: its numbers, and the slot that is on. */
function Present({ session, floor }: { session: S; floor: Floor }) {
  const minute = useComputed(() => Math.floor(session.now.value / 60_000) * 60_000).value
  const slot = current(timeline(session.of('round'), session.of('item')), minute)
  const here = session.live.value.here
  const arrived = [...floor.attendee.values()].filter((a) => a.checkedIn).length
  const unseen = session.of('unseen').size
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
            <Chip tone="jade" icon={dot}>{t('mod.here.live', { n: here.live ?? 0 })}</Chip>
            <Chip tone="amber" icon={clock}>{t('mod.here.asleep', { n: here.asleep ?? 0 })}</Chip>
            {session.live.value.partial ? <Chip tone="amber" icon={alert}>{t('mod.here.partial')}</Chip> : <Chip tone="red" icon={offline}>{t('mod.here.gone', { n: here.gone ?? 0 })}</Chip>}
          </>
        )}
      </p>
    </>
  )
}

function Sheets({ event }: { event: string }) {
  return (
    <section class="org-card">
      <h2>{t('org.print')}</h2>
      <ul class="sheet-links">
        {sheets.map((sheet) => (
          <li key={sheet}>
            <a class="button small" href={`#${event}/${sheet}`}><Icon d={print} />{t(`org.sheets.${sheet}`)}</a>
          </li>
        ))}
      </ul>
    </section>
  )
}

const roleOrder = ['moderator', 'runner', 'display', 'interpreter', 'attendee']
const shown = 60

function Links({ session, links }: { session: S; links: readonly PersonalLink[] }) {
  const query = useSignal('')
  const role = useSignal('')
  const open = useSignal('')
  const roles = roleOrder.filter((r) => links.some((link) => link.role === r))
  const hits = links
    .filter((link) => (!role.value || link.role === role.value) && matches(query.value, link.name, link.id, t(`org.role.${link.role}`)))
    .sort((a, b) => roleOrder.indexOf(a.role) - roleOrder.indexOf(b.role))
  return (
    <section class="org-card">
      <h2>{t('org.links')} <Chip>{links.length}</Chip></h2>
      <p class="soft small">{t('org.linksHelp')}</p>
      <div class="link-filter">
        <label class="find wide">
          <Icon d={search} />
          <span class="quiet">{t('org.findLink')}</span>
          <input type="search" autocomplete="off" placeholder={t('org.findLink')} value={query.value} onInput={(event) => (query.value = event.currentTarget.value)} />
        </label>
        <div class="role-filter" role="group" aria-label={t('org.roles')}>
          {['', ...roles].map((r) => (
            <button key={r} type="button" aria-pressed={role.value === r} onClick={() => (role.value = r)}>{r ? t(`org.role.${r}`) : t('org.allRoles')}</button>
          ))}
        </div>
      </div>
      <ul class="links">
        {hits.slice(0, shown).map((link) => {
          const id = `${link.role}-${link.id}`
          return <LinkLine key={id} session={session} link={link} open={open.value === id} toggle={() => (open.value = open.value === id ? '' : id)} />
        })}
      </ul>
      {hits.length > shown && <p class="soft small">{t('org.moreLinks', { n: hits.length - shown })}</p>}
      {hits.length === 0 && <p class="soft">{t('org.noLinks')}</p>}
    </section>
  )
}

function LinkLine({ session, link, open, toggle }: { session: S; link: PersonalLink; open: boolean; toggle: () => void }) {
  const copied = useSignal(false)
  const give = useGive(session)
  const copy = async () => {
    copied.value = await put(link.url)
  }
  return (
    <li class="link-line">
      <button type="button" class="link-head" aria-expanded={open} onClick={toggle}>
        <span><b>{link.name || link.id}</b> <span class="small soft">{link.id}</span></span>
        <span class="small soft">{t(`org.role.${link.role}`)}</span>
      </button>
      {open && (
        <div class="link-whole">
          <Qr text={link.url} label={t('org.qrOf', { name: link.name || link.id })} />
          <div class="link-acts">
            <input type="text" readOnly aria-label={t('org.address')} value={link.url} onFocus={(event) => event.currentTarget.select()} />
            <div class="org-buttons">
              <button type="button" class="button small" onClick={() => void copy()}>{t(copied.value ? 'org.copied' : 'org.copy')}</button>
              <a class="button small" href={link.url} target="_blank" rel="noopener noreferrer">{t('org.open')}</a>
            </div>
            <Twice
              label={t('org.rotate')}
              words={t('org.rotateWords', { name: link.name || link.id })}
              confirm={t('org.rotateYes')}
              class="danger-line"
              onConfirm={() => give('rotateLink', { link: `${link.role}-${link.id}` })}
            />
          </div>
        </div>
      )}
    </li>
  )
}

/** put brings a text to the clipboard; over plain HTTP there is none, and the address can be copied by hand. */
async function put(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
// words: org.role.*
