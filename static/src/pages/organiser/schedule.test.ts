import { makeFloor, seated } from '../../shared/floor'
import { equal, test, truth } from '../../testing/check'
import { cardMaps, floorCards, forumSize, manyRounds } from '../../testing/floor-fixtures'
import { byCompany, roundPages } from './schedule'

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
