// A meeting or a table, whole: who is there, who is told, and what can be done.
import type { ComponentChildren } from 'preact'
import { useSignal } from '@preact/signals'
import type { MeetingCard, Side } from '../../shared/cards'
import { Chip } from '../../ui/chip'
import { Icon } from '../../ui/icon'
import { CompanyName, Name } from '../../ui/names'
import { check, close, lock } from '../../ui/icons'
import { pairName, t } from '../../shared/words'
import { ArmedButton } from './armed'
import type { Console } from './moderator-store'
import { meetingName, namesOf, placeName } from './describe'
import { putDown, toTray } from './moves'
import { PersonReach } from './delivery-list'

export function Detail({ console }: { console: Console }) {
  const focus = console.focus.value
  if (!focus) return null
  return 'meeting' in focus ? <MeetingDetail key={focus.meeting} console={console} id={focus.meeting} /> : <TableDetail key={focus.table} console={console} id={focus.table} />
}

/** DetailSheet leaves room on a phone: a lifted meeting is one line, and the whole only when asked for. */
export function DetailSheet({ console }: { console: Console }) {
  const whole = useSignal(false)
  const lifted = console.lifted.value
  if (!lifted || whole.value) return <Detail console={console} />
  const names = namesOf(console)
  return (
    <section class="detail lifted-sheet" aria-label={meetingName(names, lifted)} data-lifted="">
      <div>
        <p class="strong">{meetingName(names, lifted)}</p>
        <p class="lifted-line small">{placeName(names, names.floor.meeting.get(lifted)?.place)} · {t('mod.tapTo')}</p>
      </div>
      <button type="button" class="button small" aria-expanded={false} onClick={() => (whole.value = true)}>{t('mod.details')}</button>
      <button type="button" class="icon-button" aria-label={t('mod.putDown')} onClick={() => putDown(console)}>
        <Icon d={close} />
      </button>
    </section>
  )
}

function Head({ console, children }: { console: Console; children: ComponentChildren }) {
  return (
    <div class="detail-head">
      {children}
      <button type="button" class="icon-button" aria-label={t('word.close')} onClick={() => putDown(console)}>
        <Icon d={close} />
      </button>
    </div>
  )
}

function MeetingDetail({ console, id }: { console: Console; id: string }) {
  const names = namesOf(console)
  const m = names.floor.meeting.get(id)
  if (!m) return null
  const interpreter = m.interpreter ? names.floor.interpreter.get(m.interpreter) : undefined
  return (
    <section class="detail" aria-label={meetingName(names, id)} data-lifted={console.lifted.value === id ? '' : undefined}>
      <Head console={console}>
        <h2>{placeName(names, m.place)}</h2>
      </Head>
      {console.lifted.value === id && <p class="lifted-line">{t('mod.whereTo')}</p>}
      <Party console={console} id={id} m={m} side="host" />
      <Party console={console} id={id} m={m} side="guest" />
      <p class="detail-chips">
        {m.cancelled && <Chip tone="red" icon={close}>{m.reason ? `${t('mod.cancelled')} · ${m.reason}` : t('mod.cancelled')}</Chip>}
        {m.locked && <Chip icon={lock}>{t('mod.locked')}</Chip>}
        {m.pair && <Chip>{pairName(m.pair)}{interpreter && <> · <Name of={interpreter.name} /></>}</Chip>}
        {console.pending.value.has(id) && <Chip tone="blue">{t('mod.sending')}</Chip>}
      </p>
      <MeetingActions console={console} id={id} m={m} />
    </section>
  )
}

function Party({ console, id, m, side }: { console: Console; id: string; m: MeetingCard; side: Side }) {
  const { floor } = namesOf(console)
  const party = m[side]
  const company = floor.company.get(party.company)
  const zone = floor.table.get(m.place.table ?? '')?.zone
  const rights = console.rights.value
  const mark = (command: 'markPresent' | 'markNoShow', presence: 'present' | 'noShow') => (
    <button
      type="button"
      class="toggle"
      aria-pressed={party.presence === presence}
      disabled={party.presence === presence}
      onClick={() => console.give(command, { meeting: id, side }, t(`mod.toasts.${presence}`, { company: namedOf(console, party.company) }))}
    >
      {party.presence === presence && <Icon d={presence === 'present' ? check : close} />}
      {t(`mod.presence.${presence}`)}
    </button>
  )
  const may = (command: 'markPresent' | 'markNoShow') => !m.cancelled && !!m.place.table && rights.mayIn(command, zone)
  return (
    <div class="party">
      <div class="party-name">
        {company && <CompanyName name={company.name} country={company.country} />}
        <ul class="small soft">
          {party.people.map((who) => {
            const person = floor.attendee.get(who)
            return (
              <li key={who}>
                <Name of={person?.name} /> {person?.checkedIn ? <span class="in"><Icon d={check} /><span class="quiet">{t('mod.checkedIn')}</span></span> : <span class="out">{t('mod.notHere')}</span>}
                <span class="reach"><PersonReach console={console} meeting={id} card={m} who={'attendee:' + who} /></span>
              </li>
            )
          })}
        </ul>
      </div>
      <div class="party-marks" role="group" aria-label={t(`mod.side.${side}`)}>
        {may('markPresent') ? mark('markPresent', 'present') : party.presence === 'present' && <Chip tone="jade" icon={check}>{t('mod.presence.present')}</Chip>}
        {may('markNoShow') ? mark('markNoShow', 'noShow') : party.presence === 'noShow' && <Chip tone="red" icon={close}>{t('mod.presence.noShow')}</Chip>}
      </div>
      {party.graceEnd && party.presence === 'expected' && <Chip tone="amber">{t('mod.graceOver')}</Chip>}
    </div>
  )
}

const namedOf = (console: Console, company: string): string => {
  const name = console.floor.value.company.get(company)?.name
  return name?.ko ?? name?.zh ?? name?.en ?? company
}

function MeetingActions({ console, id, m }: { console: Console; id: string; m: MeetingCard }) {
  const rights = console.rights.value
  const names = namesOf(console)
  const meeting = meetingName(names, id)
  const zone = names.floor.table.get(m.place.table ?? '')?.zone
  const over = names.floor.round.get(m.place.round ?? '')?.state === 'ended'
  const reason = useSignal('')
  if (m.cancelled) return null
  return (
    <div class="detail-actions">
      {console.lifted.value === id && m.place.table && (
        <button type="button" class="button small" onClick={() => toTray(console)}>{t('mod.toTray')}</button>
      )}
      {rights.mayIn('requestInterpreter', zone) && m.place.table && !over && !names.floor.requestOf.has(id) && (
        <button type="button" class="button small" onClick={() => console.give('requestInterpreter', { meeting: id }, t('mod.toasts.request', { meeting }))}>
          {t('mod.requestInterpreter')}
        </button>
      )}
      {rights.mayIn('lockMeeting', zone) && (
        <button type="button" class="button small" onClick={() => console.give('lockMeeting', { meeting: id, locked: !m.locked }, t(m.locked ? 'mod.toasts.unlock' : 'mod.toasts.lock', { meeting }))}>
          <Icon d={lock} />
          {t(m.locked ? 'mod.unlock' : 'mod.lock')}
        </button>
      )}
      {rights.mayIn('cancelMeeting', zone) && !over && !m.locked && (
        <details class="more">
          <summary class="button small">{t('mod.cancelMeeting')}</summary>
          <label>
            <span class="small soft">{t('mod.reason')}</span>
            <input type="text" maxLength={120} value={reason.value} onInput={(event) => (reason.value = event.currentTarget.value)} />
          </label>
          <ArmedButton
            console={console}
            name={'cancel/' + id}
            class="danger-line"
            words={t('mod.armed.cancel', { meeting, people: m.host.people.length + m.guest.people.length })}
            confirm={t('mod.armed.cancelYes')}
            run={() => {
              console.give('cancelMeeting', { meeting: id, ...(reason.value.trim() && { reason: reason.value.trim() }) }, t('mod.toasts.cancel', { meeting }))
              putDown(console)
            }}
          >
            {t('mod.cancelMeeting')}
          </ArmedButton>
        </details>
      )}
    </div>
  )
}

function TableDetail({ console, id }: { console: Console; id: string }) {
  const names = namesOf(console)
  const table = names.floor.table.get(id)
  const reason = useSignal('')
  if (!table) return null
  const zone = names.zone.get(table.zone)
  const rights = console.rights.value
  const label = table.label
  const left = [...names.floor.meeting.values()].filter((m) => m.place.table === id && !m.cancelled && names.floor.round.get(m.place.round ?? '')?.state !== 'ended').length
  return (
    <section class="detail" aria-label={t('word.table', { table: label })}>
      <Head console={console}>
        <h2 class="detail-table">{label}</h2>
      </Head>
      <p class="soft"><Name of={zone?.name} /> · {t('mod.seats', { n: table.capacity })}</p>
      {table.home && <p><CompanyName name={names.floor.company.get(table.home)?.name ?? {}} /></p>}
      {table.closed && <p><Chip tone="red" icon={close}>{table.reason ? `${t('mod.closed')} · ${table.reason}` : t('mod.closed')}</Chip></p>}
      {rights.mayIn('closeTable', table.zone) && !table.closed && (
        <>
          <label>
            <span class="small soft">{t('mod.reason')}</span>
            <input type="text" maxLength={120} value={reason.value} onInput={(event) => (reason.value = event.currentTarget.value)} />
          </label>
          <ArmedButton
            console={console}
            name={'close/' + id}
            words={t('mod.armed.close', { table: label, n: left })}
            confirm={t('mod.armed.closeYes')}
            run={() => console.give('closeTable', { table: id, ...(reason.value.trim() && { reason: reason.value.trim() }) }, t('mod.toasts.close', { table: label }))}
          >
            {t('mod.closeTable')}
          </ArmedButton>
        </>
      )}
      {rights.mayIn('openTable', table.zone) && table.closed && (
        <button type="button" class="button small" onClick={() => console.give('openTable', { table: id }, t('mod.toasts.open', { table: label }))}>{t('mod.openTable')}</button>
      )}
    </section>
  )
}
