import { equal, test } from '../../testing/check'
import { floorCards, floorOf, forumSize, manyRounds } from '../../testing/floor-fixtures'
import { unacknowledgedGroups } from './unacknowledged'

test('unacknowledgedGroups: by company, the most urgent first, at the table where they are expected', () => {
  const floor = floorOf({ ...floorCards(forumSize), ...manyRounds(8) })
  const now = floor.round.get('R3')!.now.start
  const of = (round: string) => [...floor.meeting].find(([, m]) => m.place.round === round)!
  const [soonID, soon] = of('R4')
  const [laterID, later] = of('R6')
  const notices = new Map([
    ['n1', { kind: 'moved' as const, meeting: laterID, at: now, for: 4, seen: 3 }],
    ['n2', { kind: 'call' as const, round: 'R4', at: now, for: 40, seen: 38 }],
  ])
  const unseen = new Map([
    ['n1:a', { notice: 'n1', who: 'attendee:' + later.guest.people[0] }],
    ['n2:a', { notice: 'n2', who: 'attendee:' + soon.host.people[0] }],
    ['n2:b', { notice: 'n2', who: 'attendee:' + soon.host.people[1] }],
    ['gone', { notice: 'n9', who: 'attendee:x' }],
  ])
  const groups = unacknowledgedGroups(floor, notices, unseen, now)
  equal(groups.map((g) => [g.notice, g.who.length, g.table]), [['n2', 2, floor.meeting.get(soonID)!.place.table], ['n1', 1, later.place.table]])
  equal(groups[0]!.left, floor.round.get('R4')!.now.start - now)
})
