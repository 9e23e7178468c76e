import { equal, test } from '../testing/check'
import { fromFragment, fromPath } from './signin'

test('signin: reads fragments and paths, and returns null for others', () => {
  equal(fromFragment('#demo.attendee-k03a.mWk9_-x'), { event: 'demo', link: 'attendee-k03a', secret: 'mWk9_-x' })
  for (const hash of ['', '#', '#demo', '#demo.attendee', '#a.b.c.d']) equal(fromFragment(hash), null, hash)
  equal(fromPath('/attendee/demo/attendee-k03a'), { event: 'demo', link: 'attendee-k03a' })
  for (const path of ['/', '/attendee', '/attendee/demo', '/a/b/c/d']) equal(fromPath(path), null, path)
})
