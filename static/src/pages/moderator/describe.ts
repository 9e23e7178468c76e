// Names and sentences for things, places, findings and commands, in the reader's language.
import { idOf, type Problem, roleOf } from '../../live/frames'
import type { HistoryCard, ItemCard, Place, StaffCard, Text, ZoneCard } from '../../shared/cards'
import type { Floor } from '../../shared/floor'
import { named, pairName, refusal, t } from '../../shared/words'
import type { ModeratorStore } from './moderator-store'
import type { Finding, Verdict } from './move-rules'

/** Names holds the cards that names are taken from. */
export interface Names {
  floor: Floor
  staff: ReadonlyMap<string, StaffCard>
  zone: ReadonlyMap<string, ZoneCard>
  item: ReadonlyMap<string, ItemCard>
}

export const namesOf = ({ session, floor }: ModeratorStore): Names => ({
  floor: floor.value,
  staff: session.cardsOf('staff'),
  zone: session.cardsOf('zone'),
  item: session.cardsOf('item'),
})

const text = (name: Text | undefined, or: string): string => named(name).text || or

export const company = ({ floor }: Names, id: string): string => text(floor.company.get(id)?.name, id)
export const tableLabel = ({ floor }: Names, id: string | undefined): string => floor.table.get(id ?? '')?.label ?? id ?? ''
export const roundName = ({ floor }: Names, id: string | undefined): string =>
  t('word.round', { no: floor.round.get(id ?? '')?.no ?? id ?? '' })

/** meetingName returns "한빛엘이디 × 青岛海风新能源". */
export function meetingName(names: Names, id: string): string {
  const m = names.floor.meeting.get(id)
  return m ? `${company(names, m.host.company)} × ${company(names, m.guest.company)}` : id
}

/** placeName returns "07 · 2회차", or the tray's name. */
export function placeName(names: Names, place: Place | undefined): string {
  if (!place?.table || !place.round) return t('mod.tray')
  return t('mod.place', { table: tableLabel(names, place.table), round: roundName(names, place.round) })
}

/** person returns the name of "<role>:<id>", with the company of an attendee. */
export function person(names: Names, who: string): string {
  const [role, id] = [roleOf(who), idOf(who)]
  const floor = names.floor
  switch (role) {
    case 'attendee': {
      const a = floor.attendee.get(id)
      return a ? t('mod.personOf', { name: text(a.name, id), company: company(names, a.company) }) : id
    }
    case 'interpreter':
      return text(floor.interpreter.get(id)?.name, id)
    case 'moderator':
    case 'runner':
      return text(names.staff.get(id)?.name, id)
    default:
      return t(`mod.role.${role}`)
  }
}

/** refName returns the name of what a card's key refers to: "meeting/m017", "table/T05". */
export function refName(names: Names, ref: string): string {
  const [kind = '', id = ''] = [ref.slice(0, ref.indexOf('/')), ref.slice(ref.indexOf('/') + 1)]
  switch (kind) {
    case 'meeting':
      return meetingName(names, id)
    case 'table':
      return t('word.table', { table: tableLabel(names, id) })
    case 'round':
      return roundName(names, id)
    case 'item':
      return text(names.item.get(id)?.name, id)
    case 'attendee':
    case 'interpreter':
      return person(names, ref.replace('/', ':'))
    case 'request':
      return requestName(names, id)
    default:
      return id || ref
  }
}

function requestName(names: Names, id: string): string {
  const meeting = names.floor.request.get(id)?.meeting
  const table = meeting && names.floor.meeting.get(meeting)?.place.table
  return table ? t('mod.requestAt', { table: tableLabel(names, table) }) : t('word.interpreter')
}

/** inWords replaces the ids among a refusal's parameters by names. */
export function inWords(names: Names, params: Record<string, string> = {}): Record<string, string> {
  const words: Record<string, string> = {}
  for (const [name, value] of Object.entries(params)) words[name] = word(names, name, value)
  return words
}

function word(names: Names, name: string, value: string): string {
  switch (name) {
    case 'table':
    case 'home':
      return tableLabel(names, value)
    case 'round':
      return roundName(names, value)
    case 'meeting':
      return meetingName(names, value)
    case 'who':
    case 'by':
      return person(names, value)
    case 'host':
    case 'guest':
      return company(names, value)
    case 'zone':
      return text(names.zone.get(value)?.name, value)
    case 'pair':
      return pairName(value)
    case 'of':
      return value.includes('/') ? refName(names, value) : value
    default:
      return value
  }
}

/** findingWords returns a finding as a sentence that names what collides and where it is. */
export function findingWords(names: Names, { code, params }: Finding): string {
  const other = params.meeting ? names.floor.meeting.get(params.meeting) : undefined
  const more = { ...inWords(names, params), at: tableLabel(names, other?.place.table) }
  const company = params.who && roleOf(params.who) === 'attendee' ? names.floor.attendee.get(idOf(params.who))?.company : undefined
  if (code === 'person_busy' && company) {
    return t('mod.why.person_busy', { ...more, company: text(names.floor.company.get(company)?.name, company) })
  }
  const key = `mod.why.${code}` as string
  const sentence = t(key, more)
  return sentence === key ? refusal({ code, params: more }) : sentence
}

/** verdictWords returns what a drop would do, for screen readers and for the line below the grid. */
export function verdictWords(names: Names, verdict: Verdict): string {
  const why = verdict.findings.map((f) => findingWords(names, f)).join(' ')
  switch (verdict.mark) {
    case 'here':
      return t('mod.verdict.here')
    case 'hard':
    case 'over':
      return t('mod.verdict.hard', { why })
    case 'soft':
      return t(verdict.swap ? 'mod.verdict.softSwap' : 'mod.verdict.soft', { why, other: meetingName(names, verdict.swap ?? '') })
    default:
      return verdict.swap ? t('mod.verdict.swap', { other: meetingName(names, verdict.swap) }) : t('mod.verdict.free')
  }
}

/**
 * refusalWords returns why the server refused a command; for a stale one, who came first and the
 * present place.
 */
export function refusalWords(names: Names, { code, params }: Problem): string {
  const words = refusal({ code, params: inWords(names, params) })
  const of = params?.of ?? ''
  if (code !== 'stale' || !of.startsWith('meeting/')) return words
  const id = of.slice('meeting/'.length)
  const place = names.floor.meeting.get(id)?.place
  return t('mod.staleMeeting', { meeting: meetingName(names, id), by: person(names, params?.by ?? ''), place: placeName(names, place) })
}

/** movedWords returns who moved a meeting last and where it is now, or null if it is not known. */
export function movedWords(names: Names, done: ReadonlyMap<string, HistoryCard>, id: string, own: string): string | null {
  const last = [...done].sort((a, b) => Number(b[0]) - Number(a[0])).find(([, card]) => card.of.includes('meeting/' + id))?.[1]
  if (!last || last.command.startsWith(own + '/')) return null
  const place = names.floor.meeting.get(id)?.place
  return t('mod.movedMeanwhile', { meeting: meetingName(names, id), by: person(names, last.by), place: placeName(names, place) })
}

/** doneWords returns what a command did: "moved: 한빛엘이디 × 青岛海风". */
export function doneWords(names: Names, card: Pick<HistoryCard, 'kind'> & Partial<Pick<HistoryCard, 'of'>>): string {
  const of = (card.of ?? []).filter((ref) => /^(meeting|table|round|item|attendee|interpreter|request)\//.test(ref))
  const things = of.slice(0, 2).map((ref) => refName(names, ref)).join(', ')
  const more = of.length > 2 ? ' ' + t('mod.andMore', { n: of.length - 2 }) : ''
  return t(`mod.done.${card.kind}`, { of: things + more }).replace(/[:：]\s*$/, '') // nothing that has a name follows
}
