import '../src/ui/base.css'
import '../src/ui/phone.css'
import '../src/pages/interpreter/interpreter.css'
import { InterpreterPage } from '../src/pages/interpreter/page'
import type { InterpreterCards } from '../src/pages/interpreter/screen'
import type { AssignmentCard, LostCard, OfferCard, PlaceCard, InterpreterSelfCard } from '../src/shared/cards'
import { fakeSession, type FakeSessionState } from '../src/testing/fake-session'
import { agenda, at, event, rounds, span, zones } from '../src/testing/fixtures'
import { show, type Story } from './story-view'

const place = (round: string, label: string, zone = 'A'): PlaceCard => ({ round, table: `T${label}`, label, zone })

const hanbit = { ko: '한빛엘이디', zh: '韩光 LED', en: 'Hanbit LED' }
const daemyung = { ko: '대명솔라', zh: '大明太阳能', en: 'Daemyung Solar' }
const pureun = { ko: '푸른물산업', zh: '碧水产业', en: 'Pureun Water' }
const yantai = { zh: '烟台光明照明', en: 'Yantai Guangming Lighting' }
const jinan = { zh: '济南绿源环保科技', en: 'Jinan Lvyuan Environment' }
const weifang = { zh: '潍坊中润水务', en: 'Weifang Zhongrun Water' }

const self: InterpreterSelfCard = { name: { ko: '최은지', zh: '崔恩智', en: 'Choi Eunji' }, pairs: ['ko-zh'], skills: ['LED'], shifts: [span('13:00', '18:00')], duty: 'on' }

const assignment = (round: string, label: string, host: AssignmentCard['host'], guest: AssignmentCard['guest'], more: Partial<AssignmentCard> = {}): AssignmentCard => ({
  place: place(round, label), host, guest, pair: 'ko-zh', ...more,
})

const unclaimed: OfferCard = { place: place('R2', '12', 'B'), host: daemyung, guest: yantai, pair: 'ko-zh', skill: 'LED', state: 'requested', at: at('14:01:59') }
const second: OfferCard = { place: place('R2', '21', 'C'), host: pureun, guest: weifang, pair: 'ko-zh', state: 'requested', at: at('14:02:10') }
const taken: OfferCard = { place: place('R2', '19', 'C'), host: pureun, guest: weifang, pair: 'ko-zh', state: 'onTheWay', claimant: { ko: '이민', zh: '李敏', en: 'Li Min' }, at: at('14:00:30') }

const base: Record<string, unknown> = {
  'event/demo': event,
  ...agenda,
  ...zones,
  ...rounds(2, 'running'),
  'self/i01': self,
  'assignment/m3': assignment('R3', '07', hanbit, jinan),
  'assignment/m4': assignment('R4', '09', pureun, weifang),
}

const lostClaim: LostCard = { command: 'interpreter-i01/c1', kind: 'claimRequest', by: 'interpreter:i01', wall: at('14:00:50'), of: ['meeting/m2'] }

function story(cards: Record<string, unknown>, more: Partial<FakeSessionState> = {}): Story {
  return () => (
    <InterpreterPage
      session={fakeSession<InterpreterCards>({
        cards: { ...base, ...cards },
        you: { who: 'interpreter:i01', link: 'interpreter-i01', name: self.name },
        now: at('14:02:19'),
        ...more,
      })}
    />
  )
}

const mine = (state: OfferCard['state']): Record<string, unknown> => ({ 'offer/r1': { ...unclaimed, state, mine: true, claimant: self.name } })
const claim = { name: 'claimRequest', body: { request: 'r1' } } as const

const stories: Record<string, Story> = {
  off: story({ 'self/i01': { ...self, duty: 'off' } }),
  starting: story({ 'self/i01': { ...self, duty: 'off' } }, { sent: [{ name: 'setDuty', body: { interpreter: 'i01', duty: 'on' }, progress: { state: 'waiting' } }] }),
  offers: story({ 'offer/r1': unclaimed, 'offer/r2': taken }),
  two: story({ 'offer/r1': { ...unclaimed, escalated: true, at: at('13:59:10') }, 'offer/r3': second }),
  waiting: story({}),
  claiming: story({ 'offer/r1': unclaimed }, { sent: [{ ...claim, progress: { state: 'waiting' } }] }),
  lost: story({ 'offer/r1': { ...taken, place: unclaimed.place, state: 'claimed' } }, { sent: [{ ...claim, progress: { state: 'rejected', refusal: { code: 'claimed', params: { by: 'interpreter:i07' } } } }] }),
  undone: story({ 'offer/r1': unclaimed, 'lost/l1': lostClaim }),
  undoneMore: story({ 'lost/l1': lostClaim, 'lost/l2': { ...lostClaim, kind: 'setDuty', wall: at('14:01:10') } }),
  claimed: story({ ...mine('claimed'), 'offer/r3': second }),
  onTheWay: story(mine('onTheWay')),
  arrived: story(mine('arrived')),
  current: story({ 'assignment/m2': assignment('R2', '07', hanbit, { zh: '青岛海风新能源有限公司', en: 'Qingdao Haifeng New Energy' }), 'offer/r3': second }),
  called: story({ ...rounds(3, 'called') }, { now: at('14:27:00') }),
  onBreak: story({ 'self/i01': { ...self, duty: 'break' }, 'offer/r1': unclaimed }),
  changed: story({ 'assignment/m3': assignment('R3', '15', hanbit, jinan), 'notice/n1': { kind: 'moved', meeting: 'm3', from: place('R3', '07'), to: place('R3', '15'), at: at('14:02') } }),
  cancelled: story({ 'assignment/m3': assignment('R3', '07', hanbit, jinan, { cancelled: true }), 'notice/n1': { kind: 'cancelled', meeting: 'm3', at: at('14:02') } }),
  none: story({ ...rounds(9, 'planned') }, { now: at('17:50') }),
  offline: story({ 'offer/r1': unclaimed }, { link: { state: 'offline', asOf: at('14:00') } }),
}

void show('interpreter', stories)
