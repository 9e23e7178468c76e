// The bar on top: the current slot, and the commands about the whole event.
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { headcount } from '../../shared/floor'
import { minutesLate, type Slot, slotActions } from '../../shared/slots'
import { hhmm, t } from '../../shared/words'
import { Chip, FreshnessChip } from '../../ui/chip'
import { ConfirmButton } from '../../ui/confirm-button'
import { Countdown } from '../../ui/countdown'
import { Icon } from '../../ui/icon'
import { clipIcon, hornIcon, searchIcon } from '../../ui/icons'
import { Name } from '../../ui/names'
import { namesOf, refName } from './describe'
import type { ModeratorStore } from './moderator-store'

export function Bar({ store }: { store: ModeratorStore }) {
  const { session } = store
  const event = session.singleCard('event')
  return (
    <header class="bar">
      <div class="bar-event">
        <h1><Name of={event?.name} /></h1>
        <FreshnessChip freshness={session.freshness.value} eventAt={(device) => session.eventAt(device)} />
      </div>
      {event && event.version === 0 ? <DraftBar store={store} /> : <CurrentSlot store={store} />}
      {(!store.narrow.value || store.tab.value === 'floor') && <div class="bar-tools">
        {!store.narrow.value && store.rights.value.may('announce') && (
          <button type="button" class="button small" onClick={() => (store.composing.value = true)}>
            <Icon d={hornIcon} />
            {t('mod.announce')}
          </button>
        )}
        <SearchField store={store} />
      </div>}
    </header>
  )
}

/** DraftBar is for a draft, whose schedule only staff can see. */
function DraftBar({ store }: { store: ModeratorStore }) {
  const people = store.floor.value.attendee.size
  return (
    <div class="bar-slot">
      <Chip tone="amber" icon={clipIcon}>{t('mod.draft')}</Chip>
      {store.rights.value.may('release') && (
        <ConfirmButton
          confirmation={store.confirmation}
          name="release"
          words={t('mod.armed.release', { people })}
          confirm={t('mod.armed.releaseYes')}
          run={() => store.send('release', {}, t('mod.toasts.release'), { within: 15_000 })}
        >
          {t('mod.release')}
        </ConfirmButton>
      )}
    </div>
  )
}

function CurrentSlot({ store }: { store: ModeratorStore }) {
  const slot = store.currentSlot.value
  if (!slot) return <div class="bar-slot"><Chip>{t('mod.dayOver')}</Chip></div>
  const running = slot.state === 'running'
  const behind = minutesLate(slot)
  const rounds = store.floor.value.rounds.length
  return (
    <div class="bar-slot">
      <div class="bar-now">
        <Chip tone={running ? 'blue' : slot.state === 'planned' ? '' : 'amber'}>
          {slot.round ? t('mod.roundOf', { no: slot.round.no, of: rounds }) : <Name of={slot.item?.name} />} · {t(`mod.state.${slot.state}`)}
        </Chip>
        <span class="bar-when small soft">
          {hhmm(slot.now.start)}–{hhmm(slot.now.end)} {behind !== 0 && <b class={behind > 0 ? 'over' : 'under'}>{t(behind > 0 ? 'mod.late' : 'mod.early', { n: Math.abs(behind) })}</b>}
        </span>
      </div>
      <TimeLeft store={store} slot={slot} />
      {store.narrow.value ? <CollapsedActions store={store} slot={slot} /> : <SlotActions store={store} slot={slot} />}
    </div>
  )
}

/** CollapsedActions hides the slot's commands behind one button on a phone. */
function CollapsedActions({ store, slot }: { store: ModeratorStore; slot: Slot }) {
  const expanded = useSignal(false)
  if (!store.rights.value.may('start')) return null
  return (
    <>
      <button type="button" class="button small bar-fold" aria-expanded={expanded.value} onClick={() => (expanded.value = !expanded.value)}>{t('mod.steer')}</button>
      {expanded.value && <SlotActions store={store} slot={slot} />}
    </>
  )
}

/** TimeLeft is a component of its own, so that nothing else of the bar is drawn each second. */
function TimeLeft({ store, slot }: { store: ModeratorStore; slot: Slot }) {
  const now = store.session.now.value
  const running = slot.state === 'running'
  const left = (running ? slot.now.end : slot.now.start) - now
  return (
    <div class="bar-left" data-over={left < 0 ? '' : undefined}>
      <span class="quiet">{t(running ? 'time.left' : 'time.until')}</span>
      <Countdown left={left} />
    </div>
  )
}

/** SlotActions are the commands that a slot allows now to the person who is signed in. */
export function SlotActions({ store, slot, brief = false }: { store: ModeratorStore; slot: Slot; brief?: boolean }) {
  const rights = store.rights.value
  const names = namesOf(store)
  const what = refName(names, slot.round ? 'round/' + slot.id : 'item/' + slot.id)
  const count = slot.round ? headcount(names.floor, slot.id) : null
  const of = { what, meetings: count?.meetings ?? 0, people: count?.people ?? 0 }
  const allowed = slotActions(slot)
  const act = (ask: 'call' | 'last' | 'start' | 'end', label: string, run: () => void, params: Record<string, string | number> = {}) => (
    <ConfirmButton
      confirmation={store.confirmation}
      name={`${ask}/${slot.id}`}
      class={ask === 'start' || ask === 'end' ? 'main' : ''}
      words={t(`mod.armed.${ask}${slot.round ? '' : 'Item'}` as string, { ...of, ...params })}
      confirm={t(`mod.armed.${ask}Yes` as string, of)}
      run={run}
    >
      {label}
    </ConfirmButton>
  )
  const within = { within: 15_000 }
  return (
    <div class="slot-actions">
      {rights.may('call') && allowed.includes('call') && act('call', t('mod.call'), () => store.send('call', slot.ref, t('mod.toasts.call', of), within))}
      {rights.may('call') && allowed.includes('last') && act('last', t('mod.callLast'), () => store.send('call', { ...slot.ref, last: true }, t('mod.toasts.last', of), within))}
      {rights.may('start') && allowed.includes('start') && act('start', t('mod.start'), () => store.send('start', slot.ref, t('mod.toasts.start', of), within), { end: hhmm(slot.now.end - slot.now.start + store.session.now.peek()) })}
      {rights.may('extend') && allowed.includes('extend') && <Extend store={store} slot={slot} what={what} brief={brief} />}
      {rights.may('end') && allowed.includes('end') && act('end', t('mod.end'), () => store.send('end', slot.ref, t('mod.toasts.end', of), within))}
    </div>
  )
}
// words: mod.armed.*

function Extend({ store, slot, what, brief }: { store: ModeratorStore; slot: Slot; what: string; brief: boolean }) {
  const expanded = useSignal(false)
  const custom = useSignal(3)
  const by = (minutes: number, label: string): ComponentChildren => (
    <ConfirmButton
      confirmation={store.confirmation}
      name={`extend/${slot.id}/${minutes}`}
      words={t('mod.armed.extend', { what, before: hhmm(slot.now.end), after: hhmm(slot.now.end + minutes * 60_000) })}
      confirm={t('mod.armed.extendYes', { n: signed(minutes) })}
      run={() => {
        expanded.value = false
        store.send('extend', { ...slot.ref, minutes }, t('mod.toasts.extend', { what, n: signed(minutes) }))
      }}
    >
      {label}
    </ConfirmButton>
  )
  return (
    <>
      {!brief && by(1, t('mod.extendBy', { n: '+1' }))}
      {!brief && by(5, t('mod.extendBy', { n: '+5' }))}
      <button type="button" class="button small" aria-expanded={expanded.value} onClick={() => (expanded.value = !expanded.value)}>
        {t('mod.extendOther')}
      </button>
      {expanded.value && (
        <span class="custom">
          <label class="quiet" for={'by-' + slot.id}>{t('mod.minutes')}</label>
          <input
            id={'by-' + slot.id}
            type="number"
            inputMode="numeric"
            min={-30}
            max={120}
            value={custom.value}
            onInput={(event) => (custom.value = within(event.currentTarget.valueAsNumber))}
          />
          {custom.value !== 0 && by(custom.value, t('mod.extendBy', { n: signed(custom.value) }))}
        </span>
      )}
    </>
  )
}

const within = (n: number): number => (Number.isFinite(n) ? Math.max(-30, Math.min(120, Math.round(n))) : 0)
const signed = (n: number): string => (n > 0 ? '+' : '−') + Math.abs(n)

function SearchField({ store }: { store: ModeratorStore }) {
  return (
    <label class="find">
      <Icon d={searchIcon} />
      <span class="quiet">{t('mod.find')}</span>
      <input
        type="search"
        value={store.query.value}
        placeholder={t('mod.find')}
        autocomplete="off"
        onInput={(event) => (store.query.value = event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Escape' && (store.query.value = '')}
      />
    </label>
  )
}
