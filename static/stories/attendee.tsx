import '../src/ui/base.css'
import '../src/ui/phone.css'
import '../src/pages/attendee/attendee.css'
import { AttendeePage } from '../src/pages/attendee/page'
import type { AttendeeCards } from '../src/pages/attendee/screen'
import type { LostCard, OwnMeetingCard, OwnNoticeCard, OwnRequestCard, PlaceCard } from '../src/shared/cards'
import { fakeSession, type FakeSessionState } from '../src/testing/fake-session'
import { agenda, at, event, rounds, zones } from '../src/testing/fixtures'
import { show, type Story } from './story-view'

const place = (round: string, label: string, zone = 'B'): PlaceCard => ({ round, table: `T${label}`, label, zone })

const meeting = (round: string, label: string, partner: OwnMeetingCard['partner'], more: Partial<OwnMeetingCard> = {}): OwnMeetingCard => ({
  place: place(round, label),
  side: 'host',
  partner,
  country: 'CN',
  people: [],
  mine: 'expected',
  theirs: 'expected',
  ...more,
})

const qingdao = { zh: '青岛海风新能源有限公司', en: 'Qingdao Haifeng New Energy' }
const jinan = { ko: '지난 녹색환경과기', zh: '济南绿源环保科技', en: 'Jinan Lvyuan Environment' }
const yantai = { zh: '烟台光明照明', en: 'Yantai Guangming Lighting' }
const choi = { ko: '최은지', zh: '崔恩智', en: 'Choi Eunji' }

const now = meeting('R2', '07', qingdao, {
  people: [{ name: { zh: '王海涛', en: 'Wang Haitao' }, title: '总经理' }],
  pair: 'ko-zh',
  interpreter: choi,
})

const day: Record<string, unknown> = {
  'event/demo': event,
  ...agenda,
  ...zones,
  'me/k03a': { name: { ko: '김서연', zh: '金瑞妍', en: 'Kim Seoyeon' }, company: 'k03', companyName: { ko: '한빛엘이디', zh: '韩光LED', en: 'Hanbit LED' } },
  'meeting/m1': meeting('R1', '07', { zh: '临沂华能装备', en: 'Linyi Huaneng Equipment' }),
  'meeting/m2': now,
  'meeting/m3': meeting('R3', '07', jinan, { pair: 'ko-zh', interpreter: choi }),
  'meeting/m4': meeting('R4', '07', yantai, { pair: 'ko-zh' }),
}

const moved: OwnNoticeCard = { kind: 'moved', meeting: 'm2', from: place('R2', '12'), to: place('R2', '07'), at: at('14:01:50') }

/** story returns a story of the day's cards and some others, at a time, with the n-th round in a state. */
function story(time: string, round: [number, Parameters<typeof rounds>[1], number?], cards: Record<string, unknown> = {}, more: Partial<FakeSessionState> = {}): Story {
  return () => {
    const session = fakeSession<AttendeeCards>({
      cards: { ...day, ...rounds(...round), ...cards },
      you: { who: 'attendee:k03a', link: 'attendee-k03a', name: { ko: '김서연' } },
      now: at(time),
      ...more,
    })
    return <AttendeePage session={session} />
  }
}

const request = (state: OwnRequestCard['state'], more: Partial<OwnRequestCard> = {}) => ({
  'request/r1': { meeting: 'm2', pair: 'ko-zh', state, at: at('14:01'), ...more },
})

const lostRequest: LostCard = { command: 'attendee-k03a/c1', kind: 'requestInterpreter', by: 'attendee:k03a', wall: at('14:00:50'), of: ['meeting/m2'] }

const during = '14:02:19'

const stories: Record<string, Story> = {
  changed: story(during, [2, 'running'], { 'notice/n1': moved }),
  running: story(during, [2, 'running'], { 'meeting/m2': { ...now, theirs: 'present', mine: 'present' } }),
  last: story('14:21:40', [2, 'running', 5]),
  overtime: story('14:25:30', [2, 'running']),
  next: story('13:57:00', [2, 'planned']),
  called: story('13:57:00', [2, 'called'], { 'notice/c1': { kind: 'call', round: 'R2', at: at('13:57') } }),
  lastCall: story('13:59:10', [2, 'calledLast'], { 'notice/c2': { kind: 'call', round: 'R2', at: at('13:59'), last: true } }),
  morning: story('10:12:00', [1, 'planned'], { 'item/I1': { ...(agenda['item/I1'] as object), state: 'running' }, 'item/I2': { ...(agenda['item/I2'] as object), state: 'planned' }, 'item/I3': { ...(agenda['item/I3'] as object), state: 'planned' } }),
  draft: story('09:40:00', [1, 'planned'], { 'event/demo': { ...event, version: 0 }, 'item/I1': { ...(agenda['item/I1'] as object), state: 'planned' }, 'item/I2': { ...(agenda['item/I2'] as object), state: 'planned' }, 'item/I3': { ...(agenda['item/I3'] as object), state: 'planned' } }),
  timeChanged: story(during, [2, 'running'], { 'meeting/m2': { ...now, place: place('R3', '07') }, 'meeting/m3': { ...meeting('R2', '07', jinan), cancelled: true }, 'notice/n1': { ...moved, from: place('R2', '07'), to: place('R3', '07') } }),
  back: story(during, [2, 'running'], { 'notice/n1': { ...moved, from: place('R2', '15'), undo: true } }),
  laterChanged: story(during, [2, 'running'], { 'meeting/m4': meeting('R4', '25', yantai, { pair: 'ko-zh' }), 'notice/n1': { kind: 'moved', meeting: 'm4', from: place('R4', '07'), to: place('R4', '25'), at: at('14:01') } }),
  cancelled: story(during, [2, 'planned'], { 'meeting/m2': { ...now, cancelled: true }, 'notice/n1': { kind: 'cancelled', meeting: 'm2', at: at('14:01') } }),
  theyMissed: story('14:06:00', [2, 'running'], { 'meeting/m2': { ...now, theirs: 'noShow' } }),
  iMissed: story('14:06:00', [2, 'running'], { 'meeting/m2': { ...now, mine: 'noShow' } }),
  sending: story(during, [2, 'running'], {}, { sent: [{ name: 'requestInterpreter', body: { meeting: 'm2' }, progress: { state: 'waiting' } }] }),
  held: story(during, [2, 'running'], {}, { link: { state: 'stale', asOf: at('14:01') }, sent: [{ name: 'requestInterpreter', body: { meeting: 'm2' }, progress: { state: 'waiting' } }] }),
  inLine: story(during, [2, 'running'], request('requested', { line: 2 })),
  onTheWay: story(during, [2, 'running'], request('onTheWay', { interpreter: choi })),
  arrived: story(during, [2, 'running'], request('arrived', { interpreter: choi })),
  refused: story(during, [2, 'running'], {}, { sent: [{ name: 'requestInterpreter', body: { meeting: 'm2' }, progress: { state: 'rejected', refusal: { code: 'request_open' } } }] }),
  lost: story(during, [2, 'running'], { 'lost/l1': lostRequest }),
  lostMore: story(during, [2, 'running'], { 'notice/n1': moved, 'lost/l1': lostRequest, 'lost/l2': { ...lostRequest, kind: 'cancelRequest', wall: at('14:01:40') } }),
  unplaced: story(during, [2, 'running'], { 'meeting/m2': { ...now, place: {} }, 'meeting/m3': { ...now, cancelled: true }, 'meeting/m4': { ...now, cancelled: true } }),
  none: story(during, [2, 'running'], { 'meeting/m1': { ...now, cancelled: true }, 'meeting/m2': { ...now, cancelled: true }, 'meeting/m3': { ...now, cancelled: true }, 'meeting/m4': { ...now, cancelled: true } }),
  over: story('17:45:00', [9, 'planned'], { 'item/I3': { ...(agenda['item/I3'] as object), state: 'ended' }, 'item/I4': { ...(agenda['item/I4'] as object), state: 'ended' } }),
  announcement: story(during, [2, 'running'], { 'announcement/a1': { text: { ko: '2회차를 3분 연장합니다. 3회차는 14:33에 시작합니다.', zh: '第 2 轮延长 3 分钟，第 3 轮 14:33 开始。', en: 'Round 2 is extended by 3 minutes. Round 3 starts at 14:33.' }, at: at('14:01'), until: at('14:16') } }),
  stale: story(during, [2, 'running'], {}, { link: { state: 'stale', asOf: at('14:01') } }),
  offline: story(during, [2, 'running'], {}, { link: { state: 'offline', asOf: at('13:58') } }),
  waking: story(during, [2, 'running'], {}, { link: { state: 'waking', asOf: at('13:58') } }),
  loading: () => <AttendeePage session={fakeSession<AttendeeCards>({ cards: {}, you: { who: 'attendee:k03a', link: 'attendee-k03a', name: {} }, now: at(during), link: { state: 'waking', asOf: 0 } })} />,
}

void show('attendee', stories)
