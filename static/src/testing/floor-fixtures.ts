// A generated floor for stories, tests and measurements, with fictional companies.
import { fromSnapshot } from '../live/view'
import type { AttendeeCard, CompanyCard, InterpreterCard, MeetingCard, RoundCard, StaffCard, TableCard, Text } from '../shared/cards'
import { type Cards, type Floor, makeFloor } from '../shared/floor'
import { at } from './fixtures'

const korean = ['한빛엘이디', '대명솔라', '푸른물산업', '서진에너지', '그린테크', '우성환경', '태광모듈', '한결바이오', '새솔배터리', '동해수처리', '늘푸른소재', '미래팜텍']
const koreanEn = ['Hanbit LED', 'Daemyung Solar', 'Pureunmul Industry', 'Seojin Energy', 'Greentech', 'Woosung Environment', 'Taekwang Module', 'Hangyeol Bio', 'Saesol Battery', 'Donghae Water', 'Neulpureun Materials', 'Mirae Farmtech']
const chinese = ['青岛海风新能源', '济南绿源环保科技', '潍坊中润水务', '烟台光明照明', '威海晨光电子', '临沂华能装备', '日照蓝海节能', '淄博鼎新材料', '济宁瑞泰电池', '泰安清源水处理', '德州绿野农业', '聊城昌盛机电']
const chineseEn = ['Qingdao Haifeng New Energy', 'Jinan Lüyuan Environmental', 'Weifang Zhongrun Water', 'Yantai Guangming Lighting', 'Weihai Chenguang Electronics', 'Linyi Huaneng Equipment', 'Rizhao Lanhai Energy Saving', 'Zibo Dingxin Materials', 'Jining Ruitai Battery', 'Taian Qingyuan Water', 'Dezhou Lüye Agriculture', 'Liaocheng Changsheng Electric']
const surnames = ['김', '이', '박', '최', '정', '강', '조', '윤', '장', '임']
const given = ['서연', '도윤', '지우', '하준', '민서', '예준', '수아', '시우']
const hanzi = ['王', '李', '张', '刘', '陈', '杨', '赵', '黄', '周', '吴']
const hanziGiven = ['伟', '芳', '娜', '敏', '静', '磊', '军', '洋']

export interface Size {
  tables: number
  rounds: number
  hosts: number
  guests: number
}

export const forumSize: Size = { tables: 26, rounds: 8, hosts: 24, guests: 36 }

const two = (n: number): string => String(n).padStart(2, '0')
const hostID = (i: number): string => 'k' + two(i + 1)
const guestID = (i: number): string => 'c' + two(i + 1)
const tableID = (i: number): string => 'T' + two(i + 1)

const nth = <T,>(list: readonly T[], i: number): T => list[i % list.length]!
const suffix = (i: number, length: number): string => (i < length ? '' : ' ' + (Math.floor(i / length) + 1))

function companies({ hosts, guests }: Size): Record<string, CompanyCard> {
  const cards: Record<string, CompanyCard> = {}
  for (let i = 0; i < hosts; i++) {
    const more = suffix(i, korean.length)
    cards['company/' + hostID(i)] = { name: { ko: nth(korean, i) + more, en: nth(koreanEn, i) + more }, country: 'KR', homeTable: tableID(i) }
  }
  for (let i = 0; i < guests; i++) {
    const more = suffix(i, chinese.length)
    cards['company/' + guestID(i)] = { name: { zh: nth(chinese, i) + more, en: nth(chineseEn, i) + more }, country: 'CN' }
  }
  return cards
}

const personName = (i: number, zh: boolean): Text =>
  zh ? { zh: nth(hanzi, i) + nth(hanziGiven, i * 3) } : { ko: nth(surnames, i) + nth(given, i * 3) }

function attendees({ hosts, guests }: Size): Record<string, AttendeeCard> {
  const cards: Record<string, AttendeeCard> = {}
  const add = (company: string, i: number, zh: boolean) => {
    for (const [n, letter] of ['a', 'b'].entries()) {
      const seen = (i * 2 + n) % 9 !== 4
      cards['attendee/' + company + letter] = { company, name: personName(i * 2 + n, zh), ...(seen ? { checkedIn: at('09:41') } : {}) }
    }
  }
  for (let i = 0; i < hosts; i++) add(hostID(i), i, false)
  for (let i = 0; i < guests; i++) add(guestID(i), i, true)
  return cards
}

/** tables returns the tables of a size in zones A, B, C. */
export function tables({ tables: n, hosts }: Size): Record<string, TableCard> {
  const cards: Record<string, TableCard> = {}
  for (let i = 0; i < n; i++) {
    cards['table/' + tableID(i)] = { label: two(i + 1), zone: nth(['A', 'B', 'C'], Math.floor((i * 3) / n)), capacity: 6, ...(i < hosts ? { home: hostID(i) } : {}) }
  }
  return cards
}

function meetings({ hosts, guests, rounds }: Size): Record<string, MeetingCard> {
  const cards: Record<string, MeetingCard> = {}
  let n = 0
  const people = (company: string) => [company + 'a', company + 'b']
  for (let r = 0; r < rounds; r++) {
    for (let h = 0; h < hosts; h++) {
      if ((h + r) % 8 === 7) continue
      const guest = guestID((h + r * 5) % guests)
      cards['meeting/m' + String(++n).padStart(3, '0')] = {
        place: { round: 'R' + (r + 1), table: tableID(h) },
        host: { company: hostID(h), people: people(hostID(h)), presence: r === 0 || (r === 1 && h % 5 !== 2) ? 'present' : 'expected' },
        guest: { company: guest, people: people(guest), presence: r === 0 || (r === 1 && h % 4 !== 1) ? 'present' : 'expected' },
        pair: 'ko-zh',
        ...(h < 18 ? { interpreter: 'i' + two(h + 1) } : {}),
      }
    }
  }
  return cards
}

function interpreters(): Record<string, InterpreterCard> {
  const cards: Record<string, InterpreterCard> = {}
  for (let i = 0; i < 21; i++) {
    cards['interpreter/i' + two(i + 1)] = {
      name: { ko: nth(surnames, i + 3) + nth(given, i + 2), zh: nth(hanzi, i + 3) + nth(hanziGiven, i + 2) },
      pairs: i === 20 ? ['en-ko'] : ['ko-zh'],
      ...(i % 6 === 0 ? { skills: ['LED'] } : {}),
      ...(i >= 18 ? { floater: true, shifts: [{ start: at('13:00'), end: at('16:45') }] } : {}),
      duty: i === 5 ? 'break' : i === 20 ? 'off' : 'on',
    }
  }
  return cards
}

export const staff: Record<string, StaffCard> = {
  'staff/s1': { name: { ko: '정하늘', zh: '郑天' }, role: 'moderator', lead: true },
  'staff/s2': { name: { ko: '윤도하', zh: '尹度夏', en: 'Yoon Doha' }, role: 'moderator', zones: ['A', 'B'] },
  'staff/r1': { name: { ko: '오세린', en: 'Oh Serin' }, role: 'runner' },
}

/** manyRounds returns n rounds of 25 minutes from 09:00, the third running. */
export function manyRounds(n: number): Record<string, RoundCard> {
  const cards: Record<string, RoundCard> = {}
  for (let i = 0; i < n; i++) {
    const span = { start: at('09:00') + i * 30 * 60_000, end: at('09:25') + i * 30 * 60_000 }
    cards['round/R' + (i + 1)] = { no: i + 1, plan: span, now: span, state: i < 2 ? 'ended' : i === 2 ? 'running' : 'planned' }
  }
  return cards
}

/** floorCards returns companies, people, tables and meetings of a size. */
export const floorCards = (size: Size): Record<string, object> => ({
  ...companies(size),
  ...attendees(size),
  ...tables(size),
  ...meetings(size),
  ...interpreters(),
  ...staff,
})

/** cardMaps groups a view's cards by kind, as the rules take them. */
export function cardMaps(cards: Record<string, unknown>): Cards {
  const { kinds } = fromSnapshot({ epoch: 1, seq: 1, hash: '' }, cards)
  const of = (kind: string) => kinds.get(kind) ?? new Map<string, unknown>()
  return {
    round: of('round'), table: of('table'), meeting: of('meeting'), company: of('company'),
    request: of('request'), attendee: of('attendee'), interpreter: of('interpreter'),
  } as unknown as Cards
}

/** floorOf returns the floor of a view's cards. */
export const floorOf = (cards: Record<string, unknown>): Floor => makeFloor(cardMaps(cards))
