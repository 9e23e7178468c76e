// A display on a wall, in all of its languages at once.
import { effect, useComputed, useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Text } from '../../shared/cards'
import type { PageProps } from '../../shared/mount'
import type { Session } from '../../shared/session'
import { minutesLate } from '../../shared/slots'
import { hhmm, type Language, language, languages, loadWords, mmss, type Params, sameDay, t, tagOf } from '../../shared/words'
import { Icon } from '../../ui/icon'
import { clockIcon, closeIcon, hornIcon, talkIcon, triangleIcon } from '../../ui/icons'
import { agendaShown, type BoardRow, boardRows, columnsFor, nextRound, paged, pageDuration, type RoundShown, roundShown, widthOf } from './board'
import type { DisplayKinds } from './kinds'

type DisplaySession = Session<DisplayKinds>

interface Props extends PageProps<DisplayKinds> {
  /** The page of rows to stay on, for stories. */
  page?: number
}

/** languagesOf returns the display's languages for which there are catalogs; Korean and Chinese by default. */
function languagesOf(session: DisplaySession): Language[] {
  const wanted = session.you.value?.languages ?? []
  const known = wanted.filter((code): code is Language => languages.some((l) => l.code === code))
  return known.length ? [...new Set(known)] : ['ko', 'zh']
}

export function DisplayPage({ session, page }: Props) {
  const ready = useSignal(false)
  useEffect(() => effect(() => {
    const wanted = languagesOf(session)
    language.value = wanted[0]!
    const load = () => Promise.all(wanted.map(loadWords)).then(() => (ready.value = true), () => window.setTimeout(load, 3_000))
    void load()
  }), [session])
  if (!ready.value || !session.hasView.value) return <main class="board waiting"><Icon d={clockIcon} /></main>
  return <Board session={session} fixed={page} />
}

/** InLanguages shows a sentence in every language of the display, one after the other. */
function InLanguages({ langs, k, params, apart = ' · ' }: { langs: readonly Language[]; k: string; params?: Params; apart?: string }) {
  return <span>{langs.map((code, i) => <span key={code} lang={tagOf(code)}>{i > 0 && apart}{t(k, params, code)}</span>)}</span>
}

/** Names shows a name in the display's languages; equal spellings are shown once. */
function Names({ langs, name, apart = ' · ', stack = false }: { langs: readonly Language[]; name: Text | undefined; apart?: string; stack?: boolean }) {
  const given = (stack ? langs.slice(0, 2) : langs).map((code) => ({ code, text: name?.[code] ?? '' })).filter(({ text }, i, all) => text && all.findIndex((o) => o.text === text) === i)
  const any = (['ko', 'zh', 'en'] as const).map((code) => ({ code, text: name?.[code] ?? '' })).filter(({ text }) => text).slice(0, 1)
  return (
    <>
      {(given.length ? given : any).map(({ code, text }, i) => (
        <span key={code} lang={tagOf(code)} class={stack ? 'stacked' : undefined} data-size={stack ? sizeOf(text) : undefined}>{i > 0 && !stack && apart}{text}</span>
      ))}
    </>
  )
}

const sizeOf = (text: string): string => (widthOf(text) <= 7.5 ? '' : widthOf(text) <= 10 ? 'long' : 'longer')

function Board({ session, fixed }: { session: DisplaySession; fixed: number | undefined }) {
  const minute = useComputed(() => Math.floor(session.now.value / 10_000) * 10_000).value
  const shown = roundShown(session.cardsOf('round'), session.cardsOf('item'), minute)
  const released = (session.singleCard('event')?.version ?? 0) > 0
  const langs = languagesOf(session)
  const stale = session.freshness.value.state === 'stale' || session.freshness.value.state === 'offline' || (session.freshness.value.state === 'waking' && session.freshness.value.asOf > 0)
  return (
    <div class="board" data-stale={stale ? '' : undefined}>
      {shown && released ? <RoundBoard session={session} langs={langs} shown={shown} fixed={fixed} /> : <Agenda session={session} langs={langs} released={released} />}
      {stale && (
        <p class="stale" role="status">
          <Icon d={clockIcon} />
          <InLanguages langs={langs} k="disp.stale" params={{ time: hhmm(session.eventAt(session.freshness.value.asOf)) }} />
        </p>
      )}
    </div>
  )
}

function Head({ session, langs, title, second, lateness, children }: { session: DisplaySession; langs: readonly Language[]; title: ComponentChildren; second: ComponentChildren; lateness: number; children?: ComponentChildren }) {
  return (
    <header class="head">
      <div class="head-what">
        <h1>{title}</h1>
        <p>{second}</p>
      </div>
      <div class="head-left">{children}</div>
      <div class="head-clock">
        <Clock session={session} />
        {lateness !== 0 && <Lateness langs={langs} minutes={lateness} />}
      </div>
    </header>
  )
}

function Clock({ session }: { session: DisplaySession }) {
  return <p class="clock">{hhmm(session.now.value)}</p>
}

/** TimeLeft shows a countdown, and in words if more than an hour is left. */
function TimeLeft({ session, langs, to, tone }: { session: DisplaySession; langs: readonly Language[]; to: number; tone: string }) {
  const minutes = Math.ceil((to - session.now.value) / 60_000)
  if (minutes > 60) return <p class="left words"><InLanguages langs={langs} k={minutes % 60 ? 'time.both' : 'time.hours'} params={{ h: Math.floor(minutes / 60), m: minutes % 60 }} /></p>
  return <p class="left" role="timer" data-tone={tone}>{mmss(to - session.now.value)}</p>
}

function Lateness({ langs, minutes }: { langs: readonly Language[]; minutes: number }) {
  return <p class="lateness" data-late={minutes > 0 ? '' : undefined}><InLanguages langs={langs} k={minutes > 0 ? 'disp.late' : 'disp.early'} params={{ n: Math.abs(minutes) }} /></p>
}

function RoundBoard({ session, langs, shown, fixed }: { session: DisplaySession; langs: readonly Language[]; shown: RoundShown; fixed: number | undefined }) {
  const { round, running } = shown
  const body = useRef<HTMLDivElement>(null)
  const capacity = useSignal({ columns: 2, rows: 8 })
  useCapacity(body, capacity)
  // Seconds matter only for the mark of a moved row and for turning pages.
  const tick = useComputed(() => Math.floor(session.now.value / 1000)).value
  const rows = boardRows(session.cardsOf('seat'), session.cardsOf('board'), shown.id, tick * 1000)
  const columns = columnsFor(rows.length, capacity.value.columns, capacity.value.rows)
  const pages = paged(rows, columns, capacity.value.rows)
  const at = fixed ?? Math.floor(Date.now() / pageDuration) % pages.length
  const page = pages[Math.min(at, pages.length - 1)] ?? []
  const tone = running && round.left === 1 ? 'last' : running && round.left ? 'soon' : ''
  return (
    <>
      <Head
        session={session}
        langs={langs}
        lateness={minutesLate(round)}
        title={<InLanguages langs={langs} k="disp.round" params={{ no: round.no }} />}
        second={<><State langs={langs} shown={shown} /><Zones session={session} langs={langs} /></>}
      >
        <TimeLeft session={session} langs={langs} to={running ? round.now.end : round.now.start} tone={tone} />
      </Head>
      <main class="rows" ref={body} data-wide={columns < capacity.value.columns ? '' : undefined} style={{ '--columns': String(columns) }}>
        {page.map((column, i) => (
          <ul key={i} class="rows-column">
            {column.map((row) => (
              <Line key={row.key} langs={langs} row={row} />
            ))}
          </ul>
        ))}
        {rows.length === 0 && <p class="nobody"><InLanguages langs={langs} k="disp.noMeetings" /></p>}
      </main>
      <Foot session={session} langs={langs} after={round} page={pages.length > 1 ? `${Math.min(at, pages.length - 1) + 1}/${pages.length}` : ''} />
    </>
  )
}

function State({ langs, shown: { round, running } }: { langs: readonly Language[]; shown: RoundShown }) {
  if (running && round.left) return <strong class="minutes-left"><Icon d={clockIcon} /><InLanguages langs={langs} k="disp.minutesLeft" params={{ n: round.left }} /></strong>
  if (round.state === 'called' || round.state === 'calledLast') {
    return <strong class="called"><Icon d={hornIcon} /><InLanguages langs={langs} k={round.state === 'called' ? 'disp.called' : 'disp.calledLast'} /></strong>
  }
  return <InLanguages langs={langs} k={running ? 'disp.running' : 'disp.soon'} />
}

/** Zones shows the zones of this display, unless it shows all of them. */
function Zones({ session, langs }: { session: DisplaySession; langs: readonly Language[] }) {
  const own = session.you.value?.zones ?? []
  const all = session.cardsOf('zone')
  if (own.length === 0 || own.length >= all.size) return null
  return <>{own.map((id) => <span key={id} class="zone"><Names langs={langs} name={all.get(id)?.name} apart=" " /></span>)}</>
}

function Line({ langs, row }: { langs: readonly Language[]; row: BoardRow }) {
  const off = row.cancelled || (row.closed && !row.host)
  return (
    <li class="row" data-changed={row.changed && !off ? '' : undefined} data-off={off ? '' : undefined}>
      <b class="row-table" data-long={row.label.length > 3 ? '' : undefined}>{row.label}</b>
      <span class="row-sign">{row.changed && !off && <><Icon d={triangleIcon} /><span class="quiet"><InLanguages langs={langs} k="disp.changed" /></span></>}</span>
      <span class="row-name"><Names langs={langs} name={row.host} stack /></span>
      <span class="row-name"><Names langs={langs} name={row.guest} stack /></span>
      <span class="row-word">
        {row.cancelled || row.closed ? (
          <span class="off"><Icon d={closeIcon} /><Words langs={langs} k={row.cancelled ? 'disp.cancelled' : 'disp.closed'} /></span>
        ) : row.interpreted && <span class="interpreted"><Icon d={talkIcon} /><Words langs={langs} k="disp.interpreted" /></span>}
      </span>
    </li>
  )
}

/** Words shows a word in at most two languages, one above the other, because the column is narrow. */
function Words({ langs, k }: { langs: readonly Language[]; k: string }) {
  return <span>{langs.slice(0, 2).map((code) => <span key={code} lang={tagOf(code)} class="stacked">{t(k, {}, code)}</span>)}</span>
}

function Foot({ session, langs, after, page }: { session: DisplaySession; langs: readonly Language[]; after?: Parameters<typeof nextRound>[1]; page: string }) {
  const next = nextRound(session.cardsOf('round'), after)
  return (
    <footer class="foot">
      <p class="foot-next">{next && <InLanguages langs={langs} k="disp.next" params={{ no: next.no, time: hhmm(next.now.start) }} apart="   " />}</p>
      <Announcement session={session} langs={langs} />
      <p class="foot-page">{page}</p>
    </footer>
  )
}

/** Announcement shows the announcements in turn, the newest first, each for as long as a page. */
function Announcement({ session, langs }: { session: DisplaySession; langs: readonly Language[] }) {
  const all = [...session.cardsOf('announcement').values()].sort((a, b) => b.at - a.at)
  const turn = useComputed(() => Math.floor(session.wallAt(Date.now() + 0 * session.now.value) / pageDuration)).value
  const shown = all[turn % Math.max(1, all.length)]
  if (!shown) return <p class="foot-words" />
  return (
    <div class="foot-words announced" role="status">
      <Icon d={hornIcon} />
      <p><Names langs={langs} name={shown.text} /></p>
    </div>
  )
}

function Agenda({ session, langs, released }: { session: DisplaySession; langs: readonly Language[]; released: boolean }) {
  const minute = useComputed(() => Math.floor(session.now.value / 10_000) * 10_000).value
  const all = agendaShown(session.cardsOf('item'), minute)
  const on = all.find((entry) => entry.current)
  const first = on ?? all[0]
  const event = session.singleCard('event')
  const rest = all.filter((entry) => entry !== on).slice(0, 6)
  return (
    <>
      <Head
        session={session}
        langs={langs}
        lateness={on ? minutesLate(on.item) : 0}
        title={on ? <Names langs={langs} name={on.item.name} /> : <Names langs={langs} name={event?.name} />}
        second={on ? <><InLanguages langs={langs} k="disp.now" /> {on.item.place && <span class="zone"><Names langs={langs} name={on.item.place} apart=" " /></span>}</> : released ? <Names langs={langs} name={event?.place} /> : <InLanguages langs={langs} k="disp.draft" />}
      >
        {first && sameDay(first.item.now.start, minute) && <TimeLeft session={session} langs={langs} to={on ? on.item.now.end : first.item.now.start} tone="" />}
      </Head>
      <main class="agenda">
        {rest.length > 0 && <h2><InLanguages langs={langs} k="disp.comes" /></h2>}
        <ol>
          {rest.map(({ id, item }, i) => (
            <li key={id} class="entry">
              <span class="entry-time">
                {!sameDay(item.now.start, minute) && (i === 0 || sameDay(rest[i - 1]!.item.now.start, minute)) && <span class="entry-day"><InLanguages langs={langs} k="disp.anotherDay" /></span>}
                {hhmm(item.now.start)}
              </span>
              <span class="entry-name"><Names langs={langs} name={item.name} stack /></span>
              <span class="entry-place"><Names langs={langs} name={item.place} stack /></span>
            </li>
          ))}
        </ol>
      </main>
      <Foot session={session} langs={langs} page="" />
    </>
  )
}

/** useCapacity measures how many rows fit at their minimum height, and whether two columns fit. */
function useCapacity(body: { current: HTMLElement | null }, room: { value: { columns: number; rows: number } }): void {
  useEffect(() => {
    const el = body.current
    if (!el) return
    const measure = () => {
      const style = getComputedStyle(el)
      const rem = parseFloat(getComputedStyle(document.documentElement).fontSize)
      const least = parseFloat(style.getPropertyValue('--row-rem')) * rem
      const columns = el.clientWidth > 70 * rem ? 2 : 1
      const height = el.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom)
      const rows = Math.max(2, Math.floor(height / least))
      if (columns !== room.value.columns || rows !== room.value.rows) room.value = { columns, rows }
    }
    measure()
    const watch = new ResizeObserver(measure)
    watch.observe(el)
    return () => watch.disconnect()
  }, [])
}
