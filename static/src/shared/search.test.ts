import { test, truth } from '../testing/check'
import { floorCards, floorOf, forumSize, manyRounds } from '../testing/floor-fixtures'
import { matches, searchFloor } from './search'

test('searchFloor: finds by company in any script, by person, by table', () => {
  const floor = floorOf({ ...floorCards(forumSize), ...manyRounds(8) })
  truth(matches('  hanBIT led ', 'Hanbit LED'), 'case')
  truth(searchFloor(floor, '')! === null, 'nothing asked')
  const company = searchFloor(floor, '海风')!
  truth(company.meetings.size > 0 && [...company.meetings].every((id) => floor.meeting.get(id)!.guest.company.startsWith('c')), 'company')
  truth(searchFloor(floor, 'k03a')!.tables.has('T03'), 'a person’s id')
  truth(searchFloor(floor, 'T05')!.tables.has('T05'), 'a table’s id')
})
