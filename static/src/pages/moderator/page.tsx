// The console: the bar on top, the floor, and beside it what wants somebody now.
import { type ReadonlySignal, signal, useComputed } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import type { PageProps } from '../../shared/mount'
import { Announcer } from '../../ui/announcer'
import { Chip } from '../../ui/chip'
import { Icon } from '../../ui/icon'
import { LanguageSwitch } from '../../ui/language'
import { alert, clip, clock, day, dot, grid, offline, person as personIcon } from '../../ui/icons'
import { t } from '../../shared/words'
import { ArmedBar } from './armed'
import { Bar } from './bar'
import { Console, type Tab } from './moderator-store'
import { movedWords, namesOf, refusalWords } from './describe'
import { Announcements, Compose, Day, Log } from './agenda'
import { Detail, DetailSheet } from './detail'
import { type Extract, Grid, VerdictLine } from './grid'
import type { FloorKinds } from '../../shared/floor-kinds'
import { Lost } from './lost-commands'
import { Requests, Tray, Unseen } from './attention'
import { DutyList, Presence } from './attendance'
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
  /** Brings a new console into a state: stories. */
  prepare?: (console: Console) => void
}

export function ModeratorPage({ session, prepare }: Props) {
  const console = useMemo(() => {
    const made = new Console(session, narrow)
    prepare?.(made)
    return made
  }, [session])
  useEffect(() => {
    const stop = console.watch(
      (problem) => refusalWords(namesOf(console), problem),
      (meeting) => movedWords(namesOf(console), session.of('done'), meeting, session.seat.link),
    )
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'z' && (event.ctrlKey || event.metaKey) && !writing(event.target) && undoNewest(console)) event.preventDefault()
      if (event.key === 'Escape' && console.lifted.value) putDown(console)
    }
    document.addEventListener('keydown', onKey)
    return () => {
      stop()
      document.removeEventListener('keydown', onKey)
    }
  }, [console])
  if (!session.whole.value) return <main class="loading"><p role="status">{t('gate.loading')}</p></main>
  return <Whole console={console} />
}

const writing = (target: EventTarget | null): boolean => !!(target as HTMLElement | null)?.closest?.('input, textarea, select')

function Whole({ console }: { console: Console }) {
  const phone = narrow.value
  const tab = console.tab.value
  const extract = useExtract(console)
  return (
    <div class="console" data-narrow={phone ? '' : undefined} data-lifting={console.lifted.value ? '' : undefined}>
      <Bar console={console} />
      <ArmedBar console={console} />
      {(!phone || tab === 'floor') && (
        <main class="floor-pane">
          {phone && <RoundTabs console={console} />}
          <Grid key={phone ? 'list' : 'grid'} console={console} extract={extract} list={phone} />
          {!phone && <VerdictLine console={console} />}
          {!phone && <Toasts console={console} />}
        </main>
      )}
      {phone ? <PhoneSide console={console} tab={tab} /> : <Aside console={console} tab={tab} />}
      <Announcer />
    </div>
  )
}

/** useExtract answers what the grid shows: the tables that are asked for, and on phones one round. */
function useExtract(console: Console): ReadonlySignal<Extract> {
  return useComputed(() => {
    const floor = console.floor.value
    const found = console.found.value
    const tables = found ? floor.tables.filter((id) => found.tables.has(id)) : floor.tables
    if (!narrow.value) return { tables, rounds: floor.rounds }
    return { tables, rounds: [shownRound(console)].filter(Boolean) }
  })
}

function shownRound(console: Console): string {
  const floor = console.floor.value
  const chosen = console.round.value
  if (floor.round.has(chosen)) return chosen
  const slot = console.slot.value
  if (slot?.round) return slot.id
  return floor.rounds.find((id) => floor.round.get(id)!.state !== 'ended') ?? floor.rounds[0] ?? ''
}

function RoundTabs({ console }: { console: Console }) {
  const floor = console.floor.value
  const shown = shownRound(console)
  return (
    <nav class="round-tabs" aria-label={t('mod.rounds')}>
      {floor.rounds.map((id) => {
        const card = floor.round.get(id)!
        return (
          <button key={id} type="button" aria-pressed={id === shown} data-state={card.state} aria-label={t('word.round', { no: card.no })} onClick={() => (console.round.value = id)}>
            {t('mod.roundShort', { no: card.no })}
          </button>
        )
      })}
    </nav>
  )
}

const sideTabs: readonly { tab: Tab; icon: string }[] = [
  { tab: 'now', icon: clock },
  { tab: 'people', icon: personIcon },
  { tab: 'day', icon: day },
  { tab: 'log', icon: clip },
]

function Tabs({ console, tabs, class: more }: { console: Console; tabs: typeof sideTabs; class: string }) {
  const unseen = console.session.of('unseen').size
  return (
    <nav class={more} aria-label={t('mod.views')}>
      {tabs.map(({ tab, icon }) => (
        <button key={tab} type="button" aria-pressed={console.tab.value === tab} onClick={() => (console.tab.value = tab)}>
          <Icon d={icon} />
          {t(`mod.tab.${tab}`)}
          {tab === 'now' && unseen > 0 && <span class="badge">{unseen}<span class="quiet"> {t('mod.unseen')}</span></span>}
        </button>
      ))}
    </nav>
  )
}

function Panel({ console, tab }: { console: Console; tab: Tab }) {
  switch (tab) {
    case 'people':
      return <><Presence console={console} /><DutyList console={console} /></>
    case 'day':
      return <><Announcements console={console} /><Day console={console} /></>
    case 'log':
      return <Log console={console} />
    default:
      return <><Lost console={console} /><Unseen console={console} /><Requests console={console} /><Tray console={console} /></>
  }
}

function Aside({ console, tab }: { console: Console; tab: Tab }) {
  const focus = console.focus.value
  return (
    <aside class="aside" aria-label={t('mod.views')}>
      <Here console={console} />
      {console.announcing.value && <Compose console={console} />}
      {focus ? (
        <>
          <Detail console={console} />
          <Tray console={console} />
        </>
      ) : (
        <>
          <Tabs console={console} tabs={sideTabs} class="tabs" />
          <Panel console={console} tab={tab === 'floor' ? 'now' : tab} />
        </>
      )}
      <LanguageSwitch />
    </aside>
  )
}

function PhoneSide({ console, tab }: { console: Console; tab: Tab }) {
  const focus = console.focus.value
  return (
    <>
      {console.announcing.value && <div class="sheet"><Compose console={console} /></div>}
      {tab !== 'floor' && (
        <main class="phone-panel">
          <Panel console={console} tab={tab} />
          <Here console={console} />
          <LanguageSwitch />
        </main>
      )}
      {focus && tab === 'floor' && !console.announcing.value && <div class="sheet"><DetailSheet console={console} /></div>}
      <Toasts console={console} />
      <Tabs console={console} tabs={[{ tab: 'floor', icon: grid }, ...sideTabs]} class="bottom-tabs" />
    </>
  )
}

/** Here tells who is connected: live, asleep, gone. */
function Here({ console }: { console: Console }) {
  const { here = {}, partial, gone } = console.session.live.value
  if (!partial && !gone && Object.keys(here).length === 0) return null
  return (
    <p class="here">
      <Chip tone="jade" icon={dot}>{t('mod.here.live', { n: here.live ?? 0 })}</Chip>
      <Chip tone="amber" icon={clock}>{t('mod.here.asleep', { n: here.asleep ?? 0 })}</Chip>
      {partial ? <Chip tone="amber" icon={alert}>{t('mod.here.partial')}</Chip> : <Chip tone="red" icon={offline}>{t('mod.here.gone', { n: here.gone ?? 0 })}</Chip>}
    </p>
  )
}
