// The moderator's stories.
import '../src/ui/base.css'
import '../src/ui/desk.css'
import '../src/pages/moderator/moderator.css'
import '../src/pages/moderator/grid.css'
import '../src/pages/moderator/side.css'
import type { You } from '../src/live/frames'
import type { ModeratorStore } from '../src/pages/moderator/moderator-store'
import { pickUp } from '../src/pages/moderator/moves'
import { ModeratorPage } from '../src/pages/moderator/page'
import type { AnnouncementCard, HistoryCard, LostCard, MeetingCard, NoticeCard, RequestCard, DeliveryCard, UnseenCard } from '../src/shared/cards'
import type { FloorKinds } from '../src/shared/floor-kinds'
import type { Session } from '../src/shared/session'
import { t } from '../src/shared/words'
import { fakeSession, type FakeSessionState } from '../src/testing/fake-session'
import { agenda, at, event, rounds, zones } from '../src/testing/fixtures'
import { floorCards, forumSize, manyRounds } from '../src/testing/floor-fixtures'
import { show, type Story } from './story-view'

const lead: You = { who: 'moderator:s1', link: 'moderator-s1', name: { ko: '정하늘', zh: '郑天' }, lead: true }
const zoned: You = { who: 'moderator:s2', link: 'moderator-s2', name: { ko: '윤도하' }, zones: ['A', 'B'] }
const runner: You = { who: 'runner:r1', link: 'runner-r1', name: { ko: '오세린' } }

const request = (more: Partial<RequestCard>): RequestCard => ({ meeting: 'm033', pair: 'ko-zh', state: 'requested', at: at('14:01:40'), canTake: 2, ...more })
const notice = (more: Partial<NoticeCard>): NoticeCard => ({ kind: 'moved', at: at('14:01:18'), for: 4, seen: 1, ...more })
const done = (more: Partial<HistoryCard>): HistoryCard => ({ command: 'moderator-s2/c1', kind: 'moveMeeting', by: 'moderator:s2', at: at('14:01'), of: ['meeting/m028'], undo: true, ...more })

const live: Record<string, RequestCard | NoticeCard | DeliveryCard | UnseenCard | HistoryCard | AnnouncementCard> = {
  'request/r1': request({ skill: 'LED' }),
  'request/r2': request({ meeting: 'm025', at: at('13:57:20'), canTake: 0, escalated: true }),
  'request/r3': request({ meeting: 'm026', state: 'arrived', interpreter: 'i19', at: at('13:55'), claimedAt: at('13:55:40'), arrivedAt: at('13:56:48') }),
  'notice/n1': notice({ meeting: 'm028', from: { round: 'R2', table: 'T12' }, to: { round: 'R2', table: 'T07' } }),
  'unseen/n1:attendee:c11a': { notice: 'n1', who: 'attendee:c11a' },
  'unseen/n1:attendee:c11b': { notice: 'n1', who: 'attendee:c11b' },
  'notice/n2': notice({ meeting: 'm052', from: { round: 'R3', table: 'T15' }, to: { round: 'R3', table: 'T10' }, at: at('13:58:05') }),
  'sent/n1': { count: 1, who: ['attendee:c11b'] },
  'unseen/n2:attendee:k10a': { notice: 'n2', who: 'attendee:k10a', toldBy: 'runner:r1' },
  'done/41': done({ of: ['meeting/m028'] }),
  'done/42': done({ command: 'moderator-s1/c2', kind: 'closeTable', by: 'moderator:s1', at: at('14:01:30'), of: ['table/T25'] }),
  'done/43': done({ command: 'runner-r1/c3', kind: 'markPresent', by: 'runner:r1', at: at('14:02'), of: ['meeting/m030'] }),
  'done/40': done({ command: 'moderator-s1/c0', kind: 'start', by: 'moderator:s1', at: at('14:00'), of: ['round/R2'], undo: false }),
  'announcement/a1': { text: { ko: '휴게실에 다과가 준비되어 있습니다.', zh: '休息室备有茶点。' }, at: at('13:50'), until: at('14:20') },
}

const minutesAgo = (n: number): number => Date.now() - n * 60_000 - 1_000
const here = { here: { live: 118, asleep: 9, gone: 5 }, asleep: { 'attendee:c11a': minutesAgo(3) }, gone: { 'attendee:c11b': minutesAgo(12) } }

/** callFor returns the cards of a round's call: whom it has reached, and the state of the others. */
const callFor = (people: readonly string[]): Record<string, NoticeCard | DeliveryCard | UnseenCard> => ({
  'notice/n3': notice({ kind: 'call', round: 'R3', at: at('14:00:10'), for: 84, seen: 84 - people.length }),
  'sent/n3': { count: 3, who: people.slice(1, 4).map((id) => 'attendee:' + id) },
  ...Object.fromEntries(people.map((id, i) => [`unseen/n3:attendee:${id}`, { notice: 'n3', who: 'attendee:' + id, ...(i === 2 ? { toldBy: 'runner:r1' } : {}) }])),
})

function floorAt(current: number, state: 'planned' | 'called' | 'running'): Record<string, object> {
  return { ...zones, ...agenda, ...rounds(current, state), 'event/demo': event, ...floorCards(forumSize), ...live }
}

/** edited changes some cards of a view; null removes one. */
function edited(cards: Record<string, object>, edits: Record<string, object | null>): Record<string, object> {
  const all = { ...cards }
  for (const [key, card] of Object.entries(edits)) {
    if (card) all[key] = { ...all[key], ...card }
    else delete all[key]
  }
  return all
}

const running = edited(floorAt(2, 'running'), {
  'table/T25': { closed: true, reason: '누수' },
  'meeting/m050': { place: {} },
  'meeting/m047': { locked: true },
  'meeting/m049': { cancelled: true, reason: '항공편 결항' },
  'meeting/m031': { guest: { company: 'c13', people: ['c13a', 'c13b'], presence: 'noShow' } satisfies MeetingCard['guest'] },
})

const story = (you: You, cards: Record<string, object>, prepare?: (store: ModeratorStore) => void, more: Partial<FakeSessionState> = {}): Story => {
  let session: Session<FloorKinds> | undefined
  return () => {
    session ??= fakeSession<FloorKinds>({ cards, you, now: at('14:02:19'), live: here, ...more })
    return <ModeratorPage session={session} {...(prepare ? { prepare } : {})} />
  }
}

const lostCard = (more: Partial<LostCard>): LostCard => ({ command: 'moderator-s2/c8', kind: 'moveMeeting', by: 'moderator:s2', wall: at('14:01:50'), of: ['meeting/m028'], ...more })

const lostCards = {
  'lost/l1': lostCard({}),
  'lost/l2': lostCard({ command: 'moderator-s1/c9', kind: 'closeTable', by: 'moderator:s1', wall: at('14:02:01'), of: ['table/T25'] }),
  'lost/l3': lostCard({ command: 'attendee-k10a/c2', kind: 'requestInterpreter', by: 'attendee:k10a', wall: at('14:01:55'), of: [] }),
}

const asOf = { state: 'stale' as const, asOf: at('13:58') }

const stories: Record<string, Story> = {
  running: story(lead, running),
  lifted: story(lead, running, (store) => pickUp(store, 'm052')),
  table: story(lead, running, (store) => (store.focus.value = { table: 'T07' })),
  locked: story(lead, running, (store) => pickUp(store, 'm047')),
  tray: story(lead, running, (store) => pickUp(store, 'm050')),
  unseen: story(lead, { ...running, ...callFor(['k01a', 'k01b', 'k03a', 'k03b', 'c06a']) }, undefined, {
    live: { here: { live: 116, asleep: 9, gone: 7 }, asleep: { 'attendee:c11a': minutesAgo(3), 'attendee:k01b': minutesAgo(1) }, gone: { 'attendee:c11b': minutesAgo(12), 'attendee:k03a': minutesAgo(41), 'attendee:k03b': 0 } },
  }),
  alone: story(lead, running, undefined, { live: { here: { live: 58, asleep: 4 }, partial: true } }),
  armed: story(lead, running, (store) => {
    const of = { what: t('word.round', { no: 2 }), meetings: 21 }
    store.confirmation.press({ name: 'end/R2', words: t('mod.armed.end', of), confirm: t('mod.armed.endYes'), run: () => undefined })
  }),
  toasts: story(lead, running, (store) => {
    store.toast({ tone: 'done', words: () => '한빛엘이디 × 青岛海风新能源: 12 → 07, 2회차', undo: 'moderator-s1/c9' })
    store.toast({ tone: 'refused', words: () => '적용되지 않음: 윤도하 님이 먼저 바꿨습니다. 지금 자리: 09번 · 3회차' })
  }),
  announce: story(lead, running, (store) => (store.composing.value = true)),
  people: story(lead, running, (store) => (store.tab.value = 'people')),
  day: story(lead, running, (store) => (store.tab.value = 'day')),
  log: story(lead, running, (store) => (store.tab.value = 'log')),
  lost: story(lead, edited(running, lostCards)),
  lostOfOthers: story(zoned, edited(running, lostCards)),
  floor: story(lead, running, (store) => (store.tab.value = 'floor')),
  found: story(lead, running, (store) => {
    store.tab.value = 'floor'
    store.query.value = '한빛'
  }),
  called: story(lead, floorAt(2, 'called')),
  draft: story(lead, edited(floorAt(1, 'planned'), { 'event/demo': { version: 0 } })),
  runner: story(runner, running, (store) => {
    store.tab.value = 'floor'
    pickUp(store, 'm030')
  }),
  zone: story(zoned, running, (store) => pickUp(store, 'm052')),
  stale: story(lead, running, undefined, { link: asOf, live: {} }),
  large: story(lead, { ...zones, ...manyRounds(20), 'event/demo': event, ...floorCards({ tables: 300, rounds: 20, hosts: 280, guests: 320 }) }, undefined, { now: at('10:12') }),
  largeLifted: story(lead, { ...zones, ...manyRounds(20), 'event/demo': event, ...floorCards({ tables: 300, rounds: 20, hosts: 280, guests: 320 }) }, (store) => pickUp(store, 'm900'), { now: at('10:12') }),
  loading: story(lead, {}),
}

void show('moderator', stories)
