// The printed sheets: slips with personal links, the schedule by table and round, and by company.
// Each is stamped with the version and the time, so that an old one can be recognised.
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import type { Text } from '../../shared/cards'
import { compareLabels, type Floor } from '../../shared/floor'
import { bothNames, dayName, hhmm, loadWords, pairName, spanOf, t, tagOf } from '../../shared/words'
import { Icon } from '../../ui/icon'
import { arrowIcon, lockIcon, printIcon } from '../../ui/icons'
import { CompanyName, Name } from '../../ui/names'
import type { PersonalLink } from './api'
import type { OrganiserSession } from './commands'
import { FetchLinks, type LinkExport, Unrecorded } from './link-export'
import { Qr } from './qr'
import { holdsLinks, type Sheet } from './route'
import { byCompany, meetingAt, roundPages } from './schedule'
import { useFloor } from './use-floor'

export function PrintPage({ session, sheet, linkExport }: { session: OrganiserSession; sheet: Sheet; linkExport: LinkExport }) {
  const floor = useFloor(session).value
  const exported = linkExport.exported.value
  const missing = holdsLinks(sheet) && (!exported || linkExport.replaced.value.size > 0)
  return (
    <main class="print" data-sheet={sheet}>
      <div class="print-bar">
        <a class="button small" href={'#' + session.key.event}><span class="back"><Icon d={arrowIcon} /></span>{t('org.back')}</a>
        <h1>{t(`org.sheets.${sheet}`)}</h1>
        <button type="button" class="button small filled" disabled={missing} onClick={() => window.print()}><Icon d={printIcon} />{t('org.printNow')}</button>
        {holdsLinks(sheet) && <p class="small print-care"><Icon d={lockIcon} />{t('org.slipCare')}</p>}
      </div>
      {holdsLinks(sheet) && exported && <Unrecorded exported={exported} />}
      {missing ? <FetchLinks linkExport={linkExport} /> : <PrintedSheet session={session} floor={floor} sheet={sheet} links={exported?.links ?? []} />}
    </main>
  )
}

function PrintedSheet({ session, floor, sheet, links }: { session: OrganiserSession; floor: Floor; sheet: Sheet; links: readonly PersonalLink[] }) {
  switch (sheet) {
    case 'tables':
      return <TableSheets session={session} floor={floor} />
    case 'companies':
      return <CompanySheets session={session} floor={floor} />
    default:
      return <Slips session={session} floor={floor} links={links.filter((link) => (link.role === 'attendee') === (sheet === 'slips'))} />
  }
}

function Stamp({ session }: { session: OrganiserSession }) {
  const event = session.singleCard('event')
  const now = session.now.peek()
  return <p class="stamp">{event?.version ? t('org.stamp', { n: event.version, day: dayName(now), time: hhmm(now) }) : t('org.stampDraft', { day: dayName(now), time: hhmm(now) })}</p>
}

function Slips({ session, floor, links }: { session: OrganiserSession; floor: Floor; links: readonly PersonalLink[] }) {
  const event = session.singleCard('event')
  const worded = useSignal(false)
  useEffect(() => void Promise.all(slipLanguages.map(loadWords)).then(() => (worded.value = true), () => undefined), [])
  const companyOf = (link: PersonalLink) => floor.attendee.get(link.id)?.company ?? ''
  const sorted = [...links].sort((a, b) => compareLabels(companyOf(a), companyOf(b)) || compareLabels(a.role + a.id, b.role + b.id))
  return (
    <ul class="slips">
      {sorted.map((link) => {
        const company = floor.company.get(companyOf(link))
        return (
          <li key={link.role + link.id} class="slip">
            <Qr text={link.url} label={t('org.qrOf', { name: link.name })} />
            <div>
              <p class="small"><Name of={event?.name} /></p>
              <p class="slip-name">{link.name || link.id}</p>
              {company ? <CompanyName name={company.name} country={company.country} /> : <p>{t(`org.role.${link.role}`)}</p>}
              {worded.value && <ScanHint />}
              <Stamp session={session} />
            </div>
          </li>
        )
      })}
    </ul>
  )
}

const slipLanguages = ['ko', 'zh'] as const

/**
 * ScanHint says in Korean and in Chinese what to do with the code, because the holder of a slip has
 * not chosen a language yet.
 */
function ScanHint() {
  return (
    <p class="small">
      {slipLanguages.map((code) => <span key={code} class="slip-scan" lang={tagOf(code)}>{t('org.scan', {}, code)}</span>)}
    </p>
  )
}

/** Rounds that fit next to each other on a landscape sheet. */
const roundsAcross = 8

function TableSheets({ session, floor }: { session: OrganiserSession; floor: Floor }) {
  const event = session.singleCard('event')
  return (
    <>
      {roundPages(floor.rounds, roundsAcross).map((rounds) => (
        <section key={rounds[0]} class="paper across" role="region" tabIndex={0} aria-label={t('org.sheets.tables')}>
          <header><h2><Name of={event?.name} /></h2><Stamp session={session} /></header>
          <table class="matrix">
            <thead>
              <tr>
                <th scope="col">{t('org.table')}</th>
                {rounds.map((id) => {
                  const round = floor.round.get(id)!
                  return <th key={id} scope="col">{t('word.round', { no: round.no })}<br />{spanOf(round.now)}</th>
                })}
              </tr>
            </thead>
            <tbody>
              {floor.tables.map((table) => (
                <tr key={table}>
                  <th scope="row">{floor.table.get(table)!.label}</th>
                  {rounds.map((round) => {
                    const m = meetingAt(floor, round, table)
                    return (
                      <td key={round}>
                        {m && <><OwnScriptName name={floor.company.get(m.host.company)?.name} country={floor.company.get(m.host.company)?.country} /><OwnScriptName name={floor.company.get(m.guest.company)?.name} country={floor.company.get(m.guest.company)?.country} /></>}
                      </td>
                    )
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ))}
    </>
  )
}

/** OwnScriptName shows a company's name in its own script. */
function OwnScriptName({ name, country }: { name: Text | undefined; country: string | undefined }): ComponentChildren {
  if (!name) return null
  const own = country === 'CN' ? 'zh' : 'ko'
  const text = name[own]
  const shown = text ? { text, lang: own === 'zh' ? 'zh-Hans' : 'ko' } : bothNames(name, country)[0]!
  return <span class="own" lang={shown.lang}>{shown.text}</span>
}

function CompanySheets({ session, floor }: { session: OrganiserSession; floor: Floor }) {
  const event = session.singleCard('event')
  return (
    <ul class="company-sheets">
      {byCompany(floor).filter(({ meetings }) => meetings.length > 0).map(({ company, meetings }) => {
        const card = floor.company.get(company)!
        return (
          <li key={company} class="paper company">
            <header>
              <div><p class="small"><Name of={event?.name} /></p><h2><CompanyName name={card.name} country={card.country} /></h2></div>
              <Stamp session={session} />
            </header>
            <table>
              <thead>
                <tr><th scope="col">{t('org.roundWord')}</th><th scope="col">{t('org.time')}</th><th scope="col">{t('org.table')}</th><th scope="col">{t('org.partner')}</th><th scope="col">{t('word.interpreter')}</th></tr>
              </thead>
              <tbody>
                {meetings.map(({ id, meeting, partner, round, table }) => {
                  const other = floor.company.get(partner)
                  return (
                    <tr key={id}>
                      <td>{floor.round.get(round)?.no}</td>
                      <td>{floor.round.has(round) ? spanOf(floor.round.get(round)!.now) : ''}</td>
                      <td><b class="sheet-table">{floor.table.get(table)?.label}</b></td>
                      <td>{other && <CompanyName name={other.name} country={other.country} />}</td>
                      <td>{meeting.interpreter ? <Name of={floor.interpreter.get(meeting.interpreter)?.name} /> : meeting.pair ? pairName(meeting.pair) : ''}</td>
                    </tr>
                  )
                })}
              </tbody>
            </table>
          </li>
        )
      })}
    </ul>
  )
}
