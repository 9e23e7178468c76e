// Fixtures that stories and tests share: a fictional forum on its day, at 14:02 by default.
import type { EventCard, ItemCard, RoundCard, SlotState, Span, ZoneCard } from '../shared/cards'

/** at returns an instant of the day: "14:02" in Seoul, "+1 09:00" on the second day. */
export function at(time: string): number {
  const [, day = '0', h = '0', m = '0', s = '0'] = /^(?:\+(\d) )?(\d+):(\d+)(?::(\d+))?$/.exec(time) ?? []
  return Date.UTC(2026, 9, 14 + Number(day), Number(h) - 9, Number(m), Number(s))
}

export const span = (start: string, end: string): Span => ({ start: at(start), end: at(end) })

export const event: EventCard = {
  name: { ko: '한중 녹색 파트너십 상담회', zh: '韩中绿色伙伴对接会', en: 'Korea–China Green Partnership' },
  timeZone: 'Asia/Seoul',
  place: { ko: '그랜드홀', zh: '大宴会厅', en: 'Grand Hall' },
  graceMin: 5,
  version: 2,
  releasedAt: at('13:15'),
}

const starts = ['13:30', '14:00', '14:30', '15:00', '15:45', '16:15', '16:45', '17:15']

const plus = (start: string, minutes: number): Span => ({ start: at(start), end: at(start) + minutes * 60_000 })

/** rounds returns the eight rounds: the n-th in a state, those before it ended. */
export function rounds(current: number, state: SlotState, left?: number): Record<string, RoundCard> {
  const cards: Record<string, RoundCard> = {}
  starts.forEach((start, i) => {
    const no = i + 1
    cards[`round/R${no}`] = {
      no,
      plan: plus(start, 25),
      now: plus(start, 25),
      state: no < current ? 'ended' : no === current ? state : 'planned',
      ...(no === current && left ? { left } : {}),
    }
  })
  return cards
}

const item = (kind: ItemCard['kind'], name: ItemCard['name'], when: Span, state: SlotState, place?: ItemCard['place']): ItemCard => ({
  kind,
  name,
  plan: when,
  now: when,
  state,
  ...(place ? { place } : {}),
})

export const agenda: Record<string, ItemCard> = {
  'item/I1': item('talk', { ko: '개회 · 기조 발표', zh: '开幕与主旨演讲', en: 'Opening and keynote' }, span('10:00', '12:00'), 'ended', { ko: '그랜드홀', zh: '大宴会厅', en: 'Grand Hall' }),
  'item/I2': item('break', { ko: '점심', zh: '午餐', en: 'Lunch' }, span('12:00', '13:15'), 'ended', { ko: '3층 식당', zh: '三楼餐厅', en: 'Restaurant, 3rd floor' }),
  'item/I3': item('matching', { ko: '비즈니스 상담', zh: '商务洽谈', en: 'Business matching' }, span('13:30', '17:40'), 'running'),
  'item/I4': item('break', { ko: '휴식', zh: '茶歇', en: 'Tea break' }, span('15:25', '15:45'), 'planned', { ko: '다과 · 로비', zh: '茶点 · 大厅', en: 'Lobby' }),
  'item/I5': item('visit', { ko: '현장 방문', zh: '参观工厂', en: 'Site visits' }, span('+1 09:00', '+1 12:00'), 'planned', { ko: '호텔 정문 버스 1', zh: '酒店正门 1 号巴士', en: 'Bus 1, hotel entrance' }),
}

export const zones: Record<string, ZoneCard> = {
  'zone/A': { name: { ko: 'A구역', zh: 'A 区', en: 'Zone A' } },
  'zone/B': { name: { ko: 'B구역', zh: 'B 区', en: 'Zone B' } },
  'zone/C': { name: { ko: 'C구역', zh: 'C 区', en: 'Zone C' } },
}
