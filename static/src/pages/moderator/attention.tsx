// What needs attention: unacknowledged notices, waiting requests, meetings without a place.
import { useComputed, useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { mmss, pairName, t } from '../../shared/words'
import { Chip } from '../../ui/chip'
import { Name } from '../../ui/names'
import { DeliveryList, MarkToldActions, notToldInPerson } from './delivery-list'
import { company, meetingName, namesOf, person, placeName, roundName, tableLabel } from './describe'
import { availableInterpreters } from './interpreters'
import type { ModeratorStore } from './moderator-store'
import { pickUp, toTray } from './moves'
import { type UnacknowledgedGroup, unacknowledgedGroups } from './unacknowledged'

export function Section({ title, count, tone = '', children }: { title: string; count?: ComponentChildren; tone?: 'amber' | 'jade' | 'blue' | ''; children: ComponentChildren }) {
  return (
    <section class="section">
      <h2>
        {title}
        {count !== undefined && <Chip tone={tone}>{count}</Chip>}
      </h2>
      {children}
    </section>
  )
}

/** The longest list that is shown; the count says how many there are. */
export const maxLines = 30

export function Unacknowledged({ store }: { store: ModeratorStore }) {
  const { session } = store
  const minute = useComputed(() => Math.floor(session.now.value / 10_000) * 10_000).value
  const all = unacknowledgedGroups(store.floor.value, session.cardsOf('notice'), session.cardsOf('unseen'), minute)
  const count = session.cardsOf('unseen').size
  return (
    <Section title={t('mod.unseen')} count={count} tone={count ? 'amber' : 'jade'}>
      {all.length === 0 && <p class="soft small">{t('mod.allSeen')}</p>}
      <ul class="lines">
        {all.slice(0, maxLines).map((group) => (
          <UnacknowledgedLine key={group.key} store={store} group={group} now={minute} />
        ))}
      </ul>
      {all.length > maxLines && <p class="soft small">{t('mod.andMore', { n: all.length - maxLines })}</p>}
    </Section>
  )
}

function UnacknowledgedLine({ store, group, now }: { store: ModeratorStore; group: UnacknowledgedGroup; now: number }) {
  const names = namesOf(store)
  const { card } = group
  const who = group.company ? company(names, group.company) : person(names, 'interpreter:' + group.interpreter)
  const left = group.left
  const expanded = useSignal(false)
  const notTold = notToldInPerson(store, group)
  return (
    <li class="line-box">
      <button type="button" class="line" aria-expanded={expanded.value} onClick={() => (expanded.value = !expanded.value)}>
        <b class="line-table">{tableLabel(names, group.table) || '–'}</b>
        <span>
          <b class="line-second">{who}</b>
          <span class="line-second small soft">
            {card.kind === 'moved' && card.from?.table && `${tableLabel(names, card.from.table)} → ${tableLabel(names, group.table) || t('mod.tray')} · `}
            {t(`mod.notice.${card.kind}`)} · {t('mod.ago', { time: mmss(now - card.at) })} · {t('mod.seenOf', { n: card.seen, of: card.for })}
          </span>
        </span>
        {Number.isFinite(left) && <Chip tone={left < 0 ? 'red' : left < 300_000 ? 'amber' : ''}>{left < 0 ? t('mod.begun') : t('time.minutes', { m: Math.ceil(left / 60_000) })}</Chip>}
      </button>
      <DeliveryList store={store} notice={group.notice} who={group.who} />
      {expanded.value && <MarkToldActions store={store} notice={group.notice} notTold={notTold} />}
    </li>
  )
}

export function Tray({ store }: { store: ModeratorStore }) {
  const names = namesOf(store)
  const tray = names.floor.tray
  const lifted = store.lifted.value
  const m = lifted ? names.floor.meeting.get(lifted) : undefined
  const canDrop = !!m?.place.table && store.verdicts.value
  return (
    <Section title={t('mod.tray')} count={tray.length}>
      {canDrop && (
        <button type="button" class="tray-drop" onClick={() => toTray(store)}>{t('mod.toTray')}</button>
      )}
      <ul class="tray">
        {tray.map((id) => (
          <li key={id}>
            <button type="button" class="tray-card" aria-pressed={lifted === id} onClick={() => pickUp(store, id)}>
              <MeetingLines store={store} id={id} />
            </button>
          </li>
        ))}
      </ul>
      {tray.length === 0 && !canDrop && <p class="soft small">{t('mod.trayEmpty')}</p>}
    </Section>
  )
}

function MeetingLines({ store, id }: { store: ModeratorStore; id: string }) {
  const { floor } = namesOf(store)
  const m = floor.meeting.get(id)
  if (!m) return null
  return (
    <>
      <b><Name of={floor.company.get(m.host.company)?.name} /></b>
      <span class="soft"><Name of={floor.company.get(m.guest.company)?.name} /></span>
    </>
  )
}

const rank = { requested: 0, claimed: 1, onTheWay: 2, arrived: 3, released: 4, cancelled: 5 }

export function Requests({ store }: { store: ModeratorStore }) {
  const floor = store.floor.value
  const requests = [...floor.request].sort(([, a], [, b]) => rank[a.state] - rank[b.state] || a.at - b.at)
  const duty = [...floor.interpreter.values()].filter((i) => i.duty === 'on').length
  return (
    <Section title={t('mod.interpreters')} count={t('mod.onDutyOf', { n: duty, of: floor.interpreter.size })} tone={duty ? 'jade' : 'amber'}>
      {requests.length === 0 && <p class="soft small">{t('mod.noRequests')}</p>}
      <ul class="lines">
        {requests.map(([id]) => (
          <RequestLine key={id} store={store} id={id} />
        ))}
      </ul>
    </Section>
  )
}

function RequestLine({ store, id }: { store: ModeratorStore; id: string }) {
  const names = namesOf(store)
  const request = names.floor.request.get(id)!
  const m = names.floor.meeting.get(request.meeting)
  const expanded = useSignal(false)
  const unclaimed = request.state === 'requested'
  const tone = unclaimed ? (request.escalated || request.canTake === 0 ? 'red' : 'blue') : request.state === 'arrived' ? 'jade' : 'amber'
  return (
    <li class="line-box" data-escalated={request.escalated && unclaimed ? '' : undefined}>
      <button type="button" class="line" aria-expanded={expanded.value} onClick={() => (expanded.value = !expanded.value)}>
        <b class="line-table">{tableLabel(names, m?.place.table)}</b>
        <span>
          <span class="strong">{unclaimed ? [pairName(request.pair), request.skill].filter(Boolean).join(' · ') : person(names, 'interpreter:' + request.interpreter)}</span>
          <span class="small soft line-second">
            {unclaimed ? <><WaitingTime store={store} at={request.at} /> · {t('mod.canTake', { n: request.canTake })}</> : `${pairName(request.pair)} · ${mmss((request.arrivedAt ?? request.claimedAt ?? request.at) - request.at)}`}
          </span>
        </span>
        <Chip tone={tone}>{t(`mod.request.${request.state}`)}</Chip>
      </button>
      {expanded.value && <RequestActions store={store} id={id} />}
    </li>
  )
}

/** WaitingTime counts up from an instant; nothing else is drawn each second. */
function WaitingTime({ store, at }: { store: ModeratorStore; at: number }) {
  return <>{mmss(store.session.now.value - at)}</>
}

function RequestActions({ store, id }: { store: ModeratorStore; id: string }) {
  const names = namesOf(store)
  const request = names.floor.request.get(id)!
  const m = names.floor.meeting.get(request.meeting)
  const zone = names.floor.table.get(m?.place.table ?? '')?.zone
  const rights = store.rights.value
  const available = availableInterpreters(names.floor, id, store.session.now.peek())
  const chosen = useSignal('')
  const to = available.includes(chosen.value) ? chosen.value : (available[0] ?? '')
  const what = meetingName(names, request.meeting)
  const button = (command: 'setOut' | 'arrive' | 'releaseRequest' | 'cancelRequest', label: string) =>
    rights.mayIn(command, zone) && (
      <button type="button" class="button small" onClick={() => store.send(command, { request: id }, t(`mod.toasts.${command}`, { meeting: what }))}>{label}</button>
    )
  return (
    <div class="line-actions">
      <p class="small soft">{what} · {roundName(names, m?.place.round)}</p>
      {request.state === 'requested' && rights.mayIn('claimRequest', zone) && (available.length > 0 ? (
        <div class="claim">
          <label>
            <span class="quiet">{t('mod.claimFor')}</span>
            <select value={to} onChange={(event) => (chosen.value = event.currentTarget.value)}>
              {available.map((i) => (
                <option key={i} value={i}>{person(names, 'interpreter:' + i)}</option>
              ))}
            </select>
          </label>
          <button type="button" class="button small" onClick={() => store.send('claimRequest', { request: id, interpreter: to }, t('mod.toasts.claimRequest', { meeting: what, who: person(names, 'interpreter:' + to) }))}>
            {t('mod.claim')}
          </button>
        </div>
      ) : <p class="small">{t('mod.nobodyCan')}</p>)}
      {request.state === 'claimed' && button('setOut', t('mod.request.onTheWay'))}
      {(request.state === 'claimed' || request.state === 'onTheWay') && button('arrive', t('mod.request.arrived'))}
      {request.state !== 'requested' && button('releaseRequest', t(request.state === 'arrived' ? 'mod.finish' : 'mod.giveBack'))}
      {button('cancelRequest', t('mod.cancelRequest'))}
      <button type="button" class="button small" onClick={() => pickUp(store, request.meeting)}>{placeName(names, m?.place)}</button>
    </div>
  )
}
