// The display's stories.
import '../src/ui/base.css'
import '../src/ui/night.css'
import '../src/pages/display/display.css'
import '../src/pages/display/narrow.css'
import type { You } from '../src/live/frames'
import type { DisplayKinds } from '../src/pages/display/kinds'
import { DisplayPage } from '../src/pages/display/page'
import type { BoardCard, SeatCard, TableCard } from '../src/shared/cards'
import type { Session } from '../src/shared/session'
import { fakeSession, type FakeSessionState } from '../src/testing/fake-session'
import { agenda, at, event, rounds, zones } from '../src/testing/fixtures'
import { floorCards, forumSize } from '../src/testing/floor-fixtures'
import { show, type Story } from './story-view'

const you = (zones: string[], languages = ['ko', 'zh']): You => ({ who: 'display:d1', link: 'display-d1', name: { en: 'Hall' }, zones, languages })

const everyHost: Record<string, string> = { 한빛엘이디: '韩光照明', 대명솔라: '大明光伏', 푸른물산업: '碧水产业', 서진에너지: '瑞进能源', 그린테크: '绿色科技', 우성환경: '宇成环境', 태광모듈: '泰光组件', 한결바이오: '韩洁生物', 새솔배터리: '新松电池', 동해수처리: '东海水处理', 늘푸른소재: '常青材料', 미래팜텍: '未来农科' }

/** seats returns the cards that displays see of the generated floor: companies and tables, no person. */
function seats(only: readonly string[]): Record<string, SeatCard | BoardCard> {
  const cards: Record<string, unknown> = floorCards(forumSize)
  const made: Record<string, SeatCard | BoardCard> = {}
  const tables = cards as Record<string, TableCard>
  for (const [key, value] of Object.entries(cards)) {
    const [kind, id] = key.split('/') as [string, string]
    if (kind === 'table' && only.includes((value as TableCard).zone)) made[`board/${(value as TableCard).zone}:${id}`] = { label: (value as TableCard).label, ...(id === 'T25' ? { closed: true } : {}) }
    if (kind !== 'meeting') continue
    const m = value as { place: { round: string; table: string }; host: { company: string }; guest: { company: string }; interpreter?: string }
    const table = tables['table/' + m.place.table]!
    if (!only.includes(table.zone)) continue
    const name = (company: string) => (cards['company/' + company] as { name: SeatCard['host'] }).name
    const host = name(m.host.company)
    made[`seat/${table.zone}:${id}`] = {
      ...m.place, label: table.label, host: { ...host, zh: everyHost[host.ko ?? ''] ?? '韩国企业' }, guest: name(m.guest.company),
      ...(m.interpreter ? { interpreted: true } : {}),
      ...(m.place.round === 'R2' && (id === 'm025' || id === 'm029') ? { movedAt: at('14:02') } : {}),
      ...(id === 'm027' ? { cancelled: true } : {}),
    }
  }
  return made
}

const base = { ...zones, ...agenda, 'event/demo': event }
const story = (more: Record<string, object>, of: You, now: string, canned: Partial<FakeSessionState> = {}, page = 0): Story => {
  let session: Session<DisplayKinds> | undefined
  return () => {
    session ??= fakeSession<DisplayKinds>({ cards: { ...base, ...more }, you: of, now: at(now), ...canned })
    return <DisplayPage session={session} page={page} />
  }
}

const all = ['A', 'B', 'C']
const announced = { 'announcement/a1': { text: { ko: '통역이 필요하시면 휴대폰에서 요청하세요', zh: '需要翻译请用手机呼叫' }, at: at('13:50'), until: at('14:20') } }
const delayed = (cards: Record<string, { now: object; plan: object; no: number }>) => {
  const r2 = cards['round/R2']!
  return { ...cards, 'round/R2': { ...r2, now: { start: at('14:00'), end: at('14:28') } } }
}

document.documentElement.classList.add('wall')

const stories: Record<string, Story> = {
  running: story({ ...delayed(rounds(2, 'running') as never), ...seats(all), ...announced }, you(all), '14:02:19'),
  second: story({ ...rounds(2, 'running'), ...seats(all), ...announced }, you(all), '14:02:19', {}, 1),
  zone: story({ ...rounds(2, 'running', 5), ...seats(['B']) }, you(['B']), '14:20:19'),
  called: story({ ...rounds(2, 'calledLast'), ...seats(['A', 'B']) }, you(['A', 'B']), '13:57:30'),
  stale: story({ ...rounds(2, 'running'), ...seats(['B']) }, you(['B']), '14:12:40', { link: { state: 'stale', asOf: at('14:12') } }),
  agenda: story({ ...rounds(1, 'planned'), 'item/I1': { ...agenda['item/I1'], state: 'running', now: { start: at('10:00'), end: at('12:12') } }, 'item/I2': { ...agenda['item/I2'], state: 'planned', now: { start: at('12:12'), end: at('13:15') } }, 'item/I3': { ...agenda['item/I3'], state: 'planned' }, ...seats(all) }, you(all), '11:48:10'),
  draft: story({ ...rounds(1, 'planned'), 'item/I1': { ...agenda['item/I1'], state: 'planned' }, 'item/I2': { ...agenda['item/I2'], state: 'planned' }, 'item/I3': { ...agenda['item/I3'], state: 'planned' }, 'event/demo': { ...event, version: 0 } }, you(all), '08:30'),
  three: story({ ...rounds(2, 'running'), ...seats(['A']) }, you(['A'], ['ko', 'zh', 'en']), '14:02:19'),
  waiting: story({}, you(all), '14:02'),
}

void show('display', stories)
