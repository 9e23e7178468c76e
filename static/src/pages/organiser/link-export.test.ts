import type { HistoryCard } from '../../shared/cards'
import { equal, test } from '../../testing/check'
import { replacedSince } from './link-export'

test('replacedSince: returns the links that were replaced after the export', () => {
  const card = (kind: string, of: string[]): HistoryCard => ({ command: 'organiser-o1/x', kind, by: 'organiser:o1', at: 0, of, undo: false })
  const done = new Map([['9', card('rotateLink', ['link/attendee-a'])], ['10', card('rotateLink', ['link/attendee-b'])], ['11', card('call', ['round/R1'])]])
  equal([...replacedSince(done, 9)], ['attendee-b'])
  equal([...replacedSince(done, 10)], [])
  equal([...replacedSince(done, Infinity)], [])
  equal([...replacedSince(new Map([['12', card('importForum', ['forum/import'])]]), 11)], ['*'])
})
