import { equal, test } from '../../testing/check'
import { absoluteURL } from './api'

test('absoluteURL: a path gets the origin, an address stays', () => {
  equal(absoluteURL('/attendee#e.l.s', 'http://10.0.0.5:8080'), 'http://10.0.0.5:8080/attendee#e.l.s')
  equal(absoluteURL('https://forum.example/attendee#e.l.s', 'http://10.0.0.5:8080'), 'https://forum.example/attendee#e.l.s')
})
