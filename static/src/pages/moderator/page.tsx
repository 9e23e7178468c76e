// The moderator's page: the bar on top, the floor, and next to it what needs attention.
import { type ReadonlySignal, signal, useComputed } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import type { FloorKinds } from '../../shared/floor-kinds'
import type { PageProps } from '../../shared/mount'
import { t } from '../../shared/words'
import { Announcer } from '../../ui/announcer'
import { Chip } from '../../ui/chip'
import { ConfirmBar } from '../../ui/confirm-button'
import { Icon } from '../../ui/icon'
import { alertIcon, calendarIcon, clipIcon, clockIcon, dotIcon, gridIcon, offlineIcon, personIcon as personIcon } from '../../ui/icons'
import { LanguageSwitch } from '../../ui/language'
import { Agenda, AnnouncementForm, Announcements, CommandLog } from './agenda'
import { Attendance, DutyList } from './attendance'
import { Requests, Tray, Unacknowledged } from './attention'
import { Bar } from './bar'
import { movedWords, namesOf, refusalWords } from './describe'
import { Detail, DetailSheet } from './detail'
import { Grid, type GridContent, VerdictLine } from './grid'
import { LostCommands } from './lost-commands'
import { ModeratorStore, type Tab } from './moderator-store'
import { putDown } from './moves'
import { Toasts, undoNewest } from './toasts'

/** Narrow screens show one round as a list, and the side as a page of its own. */
const narrow = signal(false)

if (typeof matchMedia === 'function') {
  const media = matchMedia('(max-width: 56rem)')
  narrow.value = media.matches
  media.addEventListener('change', () => (narrow.value = media.matches))
}

interface Props extends PageProps<FloorKinds> {
  /** Prepares the state of a new page, for stories. */
  prepare?: (store: ModeratorStore) => void
}

export function ModeratorPage({ session, prepare }: Props) {
  const store = useMemo(() => {
    const made = new ModeratorStore(session, narrow)
    prepare?.(made)
    return made
  }, [session])
  useEffect(() => {
    const stop = store.watch(
      (problem) => refusalWords(namesOf(store), problem),
      (meeting) => movedWords(namesOf(store), session.cardsOf('done'), meeting, session.key.link),
    )
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'z' && (event.ctrlKey || event.metaKey) && !isTextField(event.target) && undoNewest(store)) event.preventDefault()
      if (event.key === 'Escape' && store.lifted.value) putDown(store)
    }
    document.addEventListener('keydown', onKey)
    return () => {
      stop()
      document.removeEventListener('keydown', onKey)
    }
  }, [store])
  if (!session.hasView.value) return <main class="loading"><p role="status">{t('gate.loading')}</p></main>
  return <ModeratorView store={store} />
}

const isTextField = (target: EventTarget | null): boolean => !!(target as HTMLElement | null)?.closest?.('input, textarea, select')

function ModeratorView({ store }: { store: ModeratorStore }) {
  const phone = narrow.value
  const tab = store.tab.value
  const content = useGridContent(store)
  return (
    <div class="console" data-narrow={phone ? '' : undefined} data-lifting={store.lifted.value ? '' : undefined}>
      <Bar store={store} />
      <ConfirmBar confirmation={store.confirmation} />
      {(!phone || tab === 'floor') && (
        <main class="floor-pane">
          {phone && <RoundTabs store={store} />}
          <Grid key={phone ? 'list' : 'grid'} store={store} content={content} list={phone} />
          {!phone && <VerdictLine store={store} />}
          {!phone && <Toasts store={store} />}
        </main>
      )}
      {phone ? <PhoneSide store={store} tab={tab} /> : <SidePanel store={store} tab={tab} />}
      <Announcer />
    </div>
  )
}

/** useGridContent returns what the grid shows: the tables that were searched for, and on phones one round. */
function useGridContent(store: ModeratorStore): ReadonlySignal<GridContent> {
  return useComputed(() => {
    const floor = store.floor.value
    const found = store.searchResult.value
    const tables = found ? floor.tables.filter((id) => found.tables.has(id)) : floor.tables
    if (!narrow.value) return { tables, rounds: floor.rounds }
    return { tables, rounds: [shownRound(store)].filter(Boolean) }
  })
}

function shownRound(store: ModeratorStore): string {
  const floor = store.floor.value
  const chosen = store.round.value
  if (floor.round.has(chosen)) return chosen
  const slot = store.currentSlot.value
  if (slot?.round) return slot.id
  return floor.rounds.find((id) => floor.round.get(id)!.state !== 'ended') ?? floor.rounds[0] ?? ''
}

function RoundTabs({ store }: { store: ModeratorStore }) {
  const floor = store.floor.value
  const shown = shownRound(store)
  return (
    <nav class="round-tabs" aria-label={t('mod.rounds')}>
      {floor.rounds.map((id) => {
        const card = floor.round.get(id)!
        return (
          <button key={id} type="button" aria-pressed={id === shown} data-state={card.state} aria-label={t('word.round', { no: card.no })} onClick={() => (store.round.value = id)}>
            {t('mod.roundShort', { no: card.no })}
          </button>
        )
      })}
    </nav>
  )
}

const sideTabs: readonly { tab: Tab; icon: string }[] = [
  { tab: 'now', icon: clockIcon },
  { tab: 'people', icon: personIcon },
  { tab: 'day', icon: calendarIcon },
  { tab: 'log', icon: clipIcon },
]

function Tabs({ store, tabs, class: more }: { store: ModeratorStore; tabs: typeof sideTabs; class: string }) {
  const unseen = store.session.cardsOf('unseen').size
  return (
    <nav class={more} aria-label={t('mod.views')}>
      {tabs.map(({ tab, icon }) => (
        <button key={tab} type="button" aria-pressed={store.tab.value === tab} onClick={() => (store.tab.value = tab)}>
          <Icon d={icon} />
          {t(`mod.tab.${tab}`)}
          {tab === 'now' && unseen > 0 && <span class="badge">{unseen}<span class="quiet"> {t('mod.unseen')}</span></span>}
        </button>
      ))}
    </nav>
  )
}

function Panel({ store, tab }: { store: ModeratorStore; tab: Tab }) {
  switch (tab) {
    case 'people':
      return <><Attendance store={store} /><DutyList store={store} /></>
    case 'day':
      return <><Announcements store={store} /><Agenda store={store} /></>
    case 'log':
      return <CommandLog store={store} />
    default:
      return <><LostCommands store={store} /><Unacknowledged store={store} /><Requests store={store} /><Tray store={store} /></>
  }
}

function SidePanel({ store, tab }: { store: ModeratorStore; tab: Tab }) {
  const focus = store.focus.value
  return (
    <aside class="aside" aria-label={t('mod.views')}>
      <ConnectedCount store={store} />
      {store.composing.value && <AnnouncementForm store={store} />}
      {focus ? (
        <>
          <Detail store={store} />
          <Tray store={store} />
        </>
      ) : (
        <>
          <Tabs store={store} tabs={sideTabs} class="tabs" />
          <Panel store={store} tab={tab === 'floor' ? 'now' : tab} />
        </>
      )}
      <LanguageSwitch />
    </aside>
  )
}

function PhoneSide({ store, tab }: { store: ModeratorStore; tab: Tab }) {
  const focus = store.focus.value
  return (
    <>
      {store.composing.value && <div class="sheet"><AnnouncementForm store={store} /></div>}
      {tab !== 'floor' && (
        <main class="phone-panel">
          <Panel store={store} tab={tab} />
          <ConnectedCount store={store} />
          <LanguageSwitch />
        </main>
      )}
      {focus && tab === 'floor' && !store.composing.value && <div class="sheet"><DetailSheet store={store} /></div>}
      <Toasts store={store} />
      <Tabs store={store} tabs={[{ tab: 'floor', icon: gridIcon }, ...sideTabs]} class="bottom-tabs" />
    </>
  )
}

/** ConnectedCount shows how many people are connected, in the background, and disconnected. */
function ConnectedCount({ store }: { store: ModeratorStore }) {
  const { here = {}, partial, gone } = store.session.live.value
  if (!partial && !gone && Object.keys(here).length === 0) return null
  return (
    <p class="here">
      <Chip tone="jade" icon={dotIcon}>{t('mod.here.live', { n: here.live ?? 0 })}</Chip>
      <Chip tone="amber" icon={clockIcon}>{t('mod.here.asleep', { n: here.asleep ?? 0 })}</Chip>
      {partial ? <Chip tone="amber" icon={alertIcon}>{t('mod.here.partial')}</Chip> : <Chip tone="red" icon={offlineIcon}>{t('mod.here.gone', { n: here.gone ?? 0 })}</Chip>}
    </p>
  )
}
