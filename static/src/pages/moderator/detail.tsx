// A meeting or a table in full: its people, what they know, and the commands about it.
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import type { MeetingCard, Side } from '../../shared/cards'
import { pairName, t } from '../../shared/words'
import { Chip } from '../../ui/chip'
import { ConfirmButton } from '../../ui/confirm-button'
import { Icon } from '../../ui/icon'
import { checkIcon, closeIcon, lockIcon } from '../../ui/icons'
import { CompanyName, Name } from '../../ui/names'
import { PersonDelivery } from './delivery-list'
import { meetingName, namesOf, placeName } from './describe'
import type { ModeratorStore } from './moderator-store'
import { putDown, toTray } from './moves'

export function Detail({ store }: { store: ModeratorStore }) {
  const focus = store.focus.value
  if (!focus) return null
  return 'meeting' in focus ? <MeetingDetail key={focus.meeting} store={store} id={focus.meeting} /> : <TableDetail key={focus.table} store={store} id={focus.table} />
}

/** DetailSheet saves room on a phone: a lifted meeting is one line until its details are asked for. */
export function DetailSheet({ store }: { store: ModeratorStore }) {
  const whole = useSignal(false)
  const lifted = store.lifted.value
  if (!lifted || whole.value) return <Detail store={store} />
  const names = namesOf(store)
  return (
    <section class="detail lifted-sheet" aria-label={meetingName(names, lifted)} data-lifted="">
      <div>
        <p class="strong">{meetingName(names, lifted)}</p>
        <p class="lifted-line small">{placeName(names, names.floor.meeting.get(lifted)?.place)} · {t('mod.tapTo')}</p>
      </div>
      <button type="button" class="button small" aria-expanded={false} onClick={() => (whole.value = true)}>{t('mod.details')}</button>
      <button type="button" class="icon-button" aria-label={t('mod.putDown')} onClick={() => putDown(store)}>
        <Icon d={closeIcon} />
      </button>
    </section>
  )
}

function Head({ store, children }: { store: ModeratorStore; children: ComponentChildren }) {
  return (
    <div class="detail-head">
      {children}
      <button type="button" class="icon-button" aria-label={t('word.close')} onClick={() => putDown(store)}>
        <Icon d={closeIcon} />
      </button>
    </div>
  )
}

function MeetingDetail({ store, id }: { store: ModeratorStore; id: string }) {
  const names = namesOf(store)
  const m = names.floor.meeting.get(id)
  if (!m) return null
  const interpreter = m.interpreter ? names.floor.interpreter.get(m.interpreter) : undefined
  return (
    <section class="detail" aria-label={meetingName(names, id)} data-lifted={store.lifted.value === id ? '' : undefined}>
      <Head store={store}>
        <h2>{placeName(names, m.place)}</h2>
      </Head>
      {store.lifted.value === id && <p class="lifted-line">{t('mod.whereTo')}</p>}
      <Party store={store} id={id} m={m} side="host" />
      <Party store={store} id={id} m={m} side="guest" />
      <p class="detail-chips">
        {m.cancelled && <Chip tone="red" icon={closeIcon}>{m.reason ? `${t('mod.cancelled')} · ${m.reason}` : t('mod.cancelled')}</Chip>}
        {m.locked && <Chip icon={lockIcon}>{t('mod.locked')}</Chip>}
        {m.pair && <Chip>{pairName(m.pair)}{interpreter && <> · <Name of={interpreter.name} /></>}</Chip>}
        {store.pending.value.has(id) && <Chip tone="blue">{t('mod.sending')}</Chip>}
      </p>
      <MeetingActions store={store} id={id} m={m} />
    </section>
  )
}

function Party({ store, id, m, side }: { store: ModeratorStore; id: string; m: MeetingCard; side: Side }) {
  const { floor } = namesOf(store)
  const party = m[side]
  const company = floor.company.get(party.company)
  const zone = floor.table.get(m.place.table ?? '')?.zone
  const rights = store.rights.value
  const mark = (command: 'markPresent' | 'markNoShow', presence: 'present' | 'noShow') => (
    <button
      type="button"
      class="toggle"
      aria-pressed={party.presence === presence}
      disabled={party.presence === presence}
      onClick={() => store.send(command, { meeting: id, side }, t(`mod.toasts.${presence}`, { company: namedOf(store, party.company) }))}
    >
      {party.presence === presence && <Icon d={presence === 'present' ? checkIcon : closeIcon} />}
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
                <Name of={person?.name} /> {person?.checkedIn ? <span class="in"><Icon d={checkIcon} /><span class="quiet">{t('mod.checkedIn')}</span></span> : <span class="out">{t('mod.notHere')}</span>}
                <span class="reach"><PersonDelivery store={store} meeting={id} card={m} who={'attendee:' + who} /></span>
              </li>
            )
          })}
        </ul>
      </div>
      <div class="party-marks" role="group" aria-label={t(`mod.side.${side}`)}>
        {may('markPresent') ? mark('markPresent', 'present') : party.presence === 'present' && <Chip tone="jade" icon={checkIcon}>{t('mod.presence.present')}</Chip>}
        {may('markNoShow') ? mark('markNoShow', 'noShow') : party.presence === 'noShow' && <Chip tone="red" icon={closeIcon}>{t('mod.presence.noShow')}</Chip>}
      </div>
      {party.graceEnd && party.presence === 'expected' && <Chip tone="amber">{t('mod.graceOver')}</Chip>}
    </div>
  )
}

const namedOf = (store: ModeratorStore, company: string): string => {
  const name = store.floor.value.company.get(company)?.name
  return name?.ko ?? name?.zh ?? name?.en ?? company
}

function MeetingActions({ store, id, m }: { store: ModeratorStore; id: string; m: MeetingCard }) {
  const rights = store.rights.value
  const names = namesOf(store)
  const meeting = meetingName(names, id)
  const zone = names.floor.table.get(m.place.table ?? '')?.zone
  const ended = names.floor.round.get(m.place.round ?? '')?.state === 'ended'
  const reason = useSignal('')
  if (m.cancelled) return null
  return (
    <div class="detail-actions">
      {store.lifted.value === id && m.place.table && (
        <button type="button" class="button small" onClick={() => toTray(store)}>{t('mod.toTray')}</button>
      )}
      {rights.mayIn('requestInterpreter', zone) && m.place.table && !ended && !names.floor.requestOf.has(id) && (
        <button type="button" class="button small" onClick={() => store.send('requestInterpreter', { meeting: id }, t('mod.toasts.request', { meeting }))}>
          {t('mod.requestInterpreter')}
        </button>
      )}
      {rights.mayIn('lockMeeting', zone) && (
        <button type="button" class="button small" onClick={() => store.send('lockMeeting', { meeting: id, locked: !m.locked }, t(m.locked ? 'mod.toasts.unlock' : 'mod.toasts.lock', { meeting }))}>
          <Icon d={lockIcon} />
          {t(m.locked ? 'mod.unlock' : 'mod.lock')}
        </button>
      )}
      {rights.mayIn('cancelMeeting', zone) && !ended && !m.locked && (
        <details class="more">
          <summary class="button small">{t('mod.cancelMeeting')}</summary>
          <label>
            <span class="small soft">{t('mod.reason')}</span>
            <input type="text" maxLength={120} value={reason.value} onInput={(event) => (reason.value = event.currentTarget.value)} />
          </label>
          <ConfirmButton
            confirmation={store.confirmation}
            name={'cancel/' + id}
            class="danger-line"
            words={t('mod.armed.cancel', { meeting, people: m.host.people.length + m.guest.people.length })}
            confirm={t('mod.armed.cancelYes')}
            run={() => {
              store.send('cancelMeeting', { meeting: id, ...(reason.value.trim() && { reason: reason.value.trim() }) }, t('mod.toasts.cancel', { meeting }))
              putDown(store)
            }}
          >
            {t('mod.cancelMeeting')}
          </ConfirmButton>
        </details>
      )}
    </div>
  )
}

function TableDetail({ store, id }: { store: ModeratorStore; id: string }) {
  const names = namesOf(store)
  const table = names.floor.table.get(id)
  const reason = useSignal('')
  if (!table) return null
  const zone = names.zone.get(table.zone)
  const rights = store.rights.value
  const label = table.label
  const left = [...names.floor.meeting.values()].filter((m) => m.place.table === id && !m.cancelled && names.floor.round.get(m.place.round ?? '')?.state !== 'ended').length
  return (
    <section class="detail" aria-label={t('word.table', { table: label })}>
      <Head store={store}>
        <h2 class="detail-table">{label}</h2>
      </Head>
      <p class="soft"><Name of={zone?.name} /> · {t('mod.seats', { n: table.capacity })}</p>
      {table.home && <p><CompanyName name={names.floor.company.get(table.home)?.name ?? {}} /></p>}
      {table.closed && <p><Chip tone="red" icon={closeIcon}>{table.reason ? `${t('mod.closed')} · ${table.reason}` : t('mod.closed')}</Chip></p>}
      {rights.mayIn('closeTable', table.zone) && !table.closed && (
        <>
          <label>
            <span class="small soft">{t('mod.reason')}</span>
            <input type="text" maxLength={120} value={reason.value} onInput={(event) => (reason.value = event.currentTarget.value)} />
          </label>
          <ConfirmButton
            confirmation={store.confirmation}
            name={'close/' + id}
            words={t('mod.armed.close', { table: label, n: left })}
            confirm={t('mod.armed.closeYes')}
            run={() => store.send('closeTable', { table: id, ...(reason.value.trim() && { reason: reason.value.trim() }) }, t('mod.toasts.close', { table: label }))}
          >
            {t('mod.closeTable')}
          </ConfirmButton>
        </>
      )}
      {rights.mayIn('openTable', table.zone) && table.closed && (
        <button type="button" class="button small" onClick={() => store.send('openTable', { table: id }, t('mod.toasts.open', { table: label }))}>{t('mod.openTable')}</button>
      )}
    </section>
  )
}
