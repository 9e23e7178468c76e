// The organiser's stories.
import '../src/ui/base.css'
import '../src/ui/desk.css'
import '../src/pages/organiser/organiser.css'
import '../src/pages/organiser/links.css'
import '../src/pages/organiser/print.css'
import { signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import type { You } from '../src/live/frames'
import { memoryStore } from '../src/live/storage'
import type { Api, ApiResult, Export, ExportedLinks, Fault, PersonalLink } from '../src/pages/organiser/api'
import { Upload } from '../src/pages/organiser/home'
import { OwnLink } from '../src/pages/organiser/own-link'
import { OwnLinkCard } from '../src/pages/organiser/own-link-card'
import { OrganiserPage } from '../src/pages/organiser/page'
import type { Route } from '../src/pages/organiser/route'
import type { HistoryCard } from '../src/shared/cards'
import type { FloorKinds } from '../src/shared/floor-kinds'
import type { Session } from '../src/shared/session'
import { t } from '../src/shared/words'
import { fakeSession } from '../src/testing/fake-session'
import { agenda, at, event, rounds, zones } from '../src/testing/fixtures'
import { floorCards, forumSize } from '../src/testing/floor-fixtures'
import { show, type Story } from './story-view'

const you: You = { who: 'organiser:o1', link: 'organiser-o1', name: { en: 'Office' } }

const cards = (version: number) => ({ ...zones, ...agenda, ...rounds(1, 'planned'), 'event/green-2026': { ...event, version }, ...floorCards(forumSize) })

function linksOf(): PersonalLink[] {
  const secret = 'mWk9c2Vq7xYt3LhZp5Rb1Nd8'
  const made = (role: string, id: string, name: string): PersonalLink => ({ role, id, name, url: `https://forum.example/${role}#green-2026.${role}-${id}.${secret}${id}` })
  const floor = floorCards(forumSize) as Record<string, { name: { ko?: string; zh?: string } }>
  const people = Object.entries(floor).filter(([key]) => key.startsWith('attendee/') || key.startsWith('interpreter/'))
  return [
    made('moderator', 's1', '정하늘 / 郑天'),
    made('moderator', 's2', '윤도하 / 尹度夏 / Yoon Doha'),
    made('runner', 'r1', '오세린 / Oh Serin'),
    made('display', 'd1', 'Hall left'),
    ...people.map(([key, card]) => made(key.slice(0, key.indexOf('/')), key.slice(key.indexOf('/') + 1), [card.name.ko, card.name.zh].filter(Boolean).join(' / '))),
  ]
}

const takenAt = (seq: number, recorded = true): ExportedLinks => ({ seq, recorded, links: linksOf() })

const exports = (): Export[] => [
  { at: at('08:58:02'), what: 'links', by: 'organiser:o1', name: 'Office', people: 160 },
  { at: at('08:40:11'), what: 'links', by: 'operator:cli', people: 160 },
  { at: at('08:40:11'), what: 'links', by: 'operator:cli', people: 2, instance: true },
  { at: at('07:00:00'), what: 'backup', by: 'operator:cli', people: 412, instance: true },
  { at: at('06:12:40'), what: 'links', by: 'organiser:o2', name: '상담회 준비위원회 사무국 / 洽谈会筹备委员会办公室', people: 158 },
  { at: at('05:30:00'), what: 'links', by: 'organiser:first', name: 'first', people: 158 },
  { at: at('05:00:00'), what: 'backup', by: 'operator:cli', people: 398, instance: true },
]

const good = async <T,>(value: T): Promise<ApiResult<T>> => ({ ok: true, value })

const api = (more: Partial<Api> = {}): Api => ({
  events: () => good({ events: [{ id: 'green-2026', name: event.name, version: 0 }, { id: 'smart-2025', name: { ko: '스마트팜 상담회', en: 'Smart Farm Forum' }, version: 3 }] }),
  preview: () => good({ event: 'green-2026', new: false, counts: { companies: 60, attendees: 132, meetings: 168 } }),
  import: () => good({ event: 'green-2026' }),
  links: () => good(takenAt(60)),
  exports: () => good({ exports: exports() }),
  rotate: () => good({ url: 'https://forum.example/organiser#_.organiser-o1.mWk9c2Vq7xYt3LhZp5Rb1A' }),
  ...more,
})

/** A link that was replaced after the first export. */
const replacing: HistoryCard = { command: 'organiser-o1/x', kind: 'rotateLink', by: 'organiser:o1', at: at('09:01:00'), of: ['link/moderator-s1'], undo: false }

const story = (where: Route, version = 0, more: Partial<Api> = {}, exported?: ExportedLinks): Story => {
  let session: Session<FloorKinds> | undefined
  const place = signal(where)
  const openEvent = () => (session ??= fakeSession<FloorKinds>({ cards: { ...cards(version), 'done/64': replacing }, you, now: at('09:02:19'), live: { here: { live: 118, asleep: 9, gone: 5 } } }))
  const held = api(more)
  const ownLink = new OwnLink(held, memoryStore(), you.link)
  return () => <OrganiserPage api={held} ownLink={ownLink} openEvent={openEvent} route={place} {...(exported ? { exported } : {})} />
}

const faults: Fault[] = [
  { sheet: 'attendees', row: 41, column: 'id', code: 'duplicate', params: { value: 'k07a', row: '12' } },
  { sheet: 'interpreters', row: 9, column: 'pairs', code: 'bad_pair', params: { value: 'ko-xx1' } },
  { sheet: 'meetings', row: 88, column: 'guest', code: 'person_twice', params: { person: 'c12a, c12b', meeting: 'm031', row: '33', round: 'R4' } },
]

const file = new File([], '상담회_0714.xlsx')
const card = (content: ComponentChildren) => <div class="organiser"><header class="org-bar"><h1>{t('org.title')}</h1></header><main class="org">{content}</main></div>
const upload = (step: Parameters<typeof Upload>[0]['first']): Story => () => card(<Upload api={api()} done={() => undefined} first={step!} />)

/** The card of the organiser's own link, after it was asked to replace it. */
const ownLink = (more: Partial<Api> = {}): Story => {
  const own = new OwnLink(api(more), memoryStore(), you.link)
  void own.replace()
  return () => card(<OwnLinkCard ownLink={own} />)
}

const stories: Record<string, Story> = {
  home: story({ event: '', sheet: '' }),
  faults: upload({ state: 'faults', file, faults }),
  preview: upload({ state: 'preview', file, preview: { event: 'green-2026', new: true, counts: { agenda: 5, zones: 3, tables: 26, rounds: 8, companies: 60, attendees: 132, staff: 7, interpreters: 21, displays: 4, meetings: 168, wishes: 80 } } }),
  problem: upload({ state: 'problem', file, problem: { code: 'released', params: { version: '2' } } }),
  unreachable: story({ event: '', sheet: '' }, 0, { events: async () => ({ ok: false, problem: { code: 'unreachable' }, faults: [] }) }),
  ownLink: ownLink(),
  ownLinkUnknown: ownLink({ rotate: async () => ({ ok: false, problem: { code: 'unreachable' }, faults: [] }) }),
  draft: story({ event: 'green-2026', sheet: '' }),
  released: story({ event: 'green-2026', sheet: '' }, 2),
  links: story({ event: 'green-2026', sheet: '' }, 2, {}, takenAt(64)),
  replaced: story({ event: 'green-2026', sheet: '' }, 2, {}, takenAt(60)),
  unrecorded: story({ event: 'green-2026', sheet: '' }, 2, { exports: () => good({ exports: [] }) }, takenAt(64, false)),
  busy: story({ event: 'green-2026', sheet: 'slips' }, 2, { links: async () => ({ ok: false, problem: { code: 'unavailable' }, faults: [] }) }),
  slips: story({ event: 'green-2026', sheet: 'slips' }, 2, {}, takenAt(64)),
  tables: story({ event: 'green-2026', sheet: 'tables' }, 2),
  companies: story({ event: 'green-2026', sheet: 'companies' }, 2),
}

void show('organiser', stories)
