import { equal, test } from '../../testing/check'
import { routeOf } from './route'

test('routeOf: reads an event and a sheet, and never a link', () => {
  equal(routeOf('#green-2026'), { event: 'green-2026', sheet: '' })
  equal(routeOf('#green-2026/slips'), { event: 'green-2026', sheet: 'slips' })
  equal(routeOf('#green-2026/nonsense'), { event: 'green-2026', sheet: '' })
  equal(routeOf('#_.organiser-o1.mWk9'), { event: '', sheet: '' })
  equal(routeOf(''), { event: '', sheet: '' })
})
