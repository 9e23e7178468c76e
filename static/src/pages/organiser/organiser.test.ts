import { encode } from 'uqr'
import type { HistoryCard } from '../../shared/cards'
import { cardMaps, floorCards, forumSize, manyRounds } from '../../testing/floor-fixtures'
import { makeFloor, seated } from '../../shared/floor'
import { equal, test, truth } from '../../testing/check'
import { absoluteURL } from './api'
import { routeOf } from './route'
import { pathOf } from './qr'
import { byCompany, roundPages } from './schedule'
import { replacedSince } from './link-export'

test('routeOf: reads an event and a sheet, and never a link', () => {
  equal(routeOf('#green-2026'), { event: 'green-2026', sheet: '' })
  equal(routeOf('#green-2026/slips'), { event: 'green-2026', sheet: 'slips' })
  equal(routeOf('#green-2026/nonsense'), { event: 'green-2026', sheet: '' })
  equal(routeOf('#_.organiser-o1.mWk9'), { event: '', sheet: '' })
  equal(routeOf(''), { event: '', sheet: '' })
})

test('absoluteURL: a path gets the origin, an address stays', () => {
  equal(absoluteURL('/attendee#e.l.s', 'http://10.0.0.5:8080'), 'http://10.0.0.5:8080/attendee#e.l.s')
  equal(absoluteURL('https://forum.example/attendee#e.l.s', 'http://10.0.0.5:8080'), 'https://forum.example/attendee#e.l.s')
})

test('pathOf: the path covers exactly the dark modules', () => {
  const code = encode('https://forum.example/attendee#green-2026.attendee-k03a.mWk9c2Vq7xYt3LhZp5Rb1Nd8', { ecc: 'M', border: 4 })
  const dark = code.data.flat().filter(Boolean).length
  const drawn = [...pathOf(code.data).matchAll(/M(\d+) (\d+)h(\d+)v1h-(\d+)z/g)]
  equal(drawn.reduce((sum, m) => sum + Number(m[3]), 0), dark)
  truth(drawn.every((m) => m[3] === m[4] && code.data[Number(m[2])]![Number(m[1])]!), 'each run begins on a dark module')
  truth(code.data.slice(0, 4).flat().every((on) => !on), 'the quiet zone is there')
})

test('byCompany: lists each seated meeting for both companies, in the order of rounds', () => {
  const cards = cardMaps({ ...floorCards(forumSize), ...manyRounds(8) })
  const meeting = new Map(cards.meeting)
  meeting.set('m001', { ...meeting.get('m001')!, cancelled: true })
  const floor = makeFloor({ ...cards, meeting })
  const all = byCompany(floor)
  equal(all.reduce((sum, c) => sum + c.meetings.length, 0), 2 * [...meeting.values()].filter(seated).length)
  equal(all.map((c) => c.company).slice(0, 2), ['c01', 'c02'])
  truth(all.every((c) => c.meetings.every((m, i) => i === 0 || floor.round.get(c.meetings[i - 1]!.round)!.no < floor.round.get(m.round)!.no)), 'order')
  equal(roundPages(['R1', 'R2', 'R3', 'R4', 'R5', 'R6', 'R7', 'R8', 'R9'], 8).map((p) => p.length), [5, 4])
  equal(roundPages([], 8), [])
})

test('replacedSince: returns the links that were replaced after the export', () => {
  const card = (kind: string, of: string[]): HistoryCard => ({ command: 'organiser-o1/x', kind, by: 'organiser:o1', at: 0, of, undo: false })
  const done = new Map([['9', card('rotateLink', ['link/attendee-a'])], ['10', card('rotateLink', ['link/attendee-b'])], ['11', card('call', ['round/R1'])]])
  equal([...replacedSince(done, 9)], ['attendee-b'])
  equal([...replacedSince(done, 10)], [])
  equal([...replacedSince(done, Infinity)], [])
  equal([...replacedSince(new Map([['12', card('importForum', ['forum/import'])]]), 11)], ['*'])
})
