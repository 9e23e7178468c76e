import type { OwnMeetingCard, OwnNoticeCard } from '../../shared/cards'
import type { Sent } from '../../shared/session'
import { equal, test } from '../../testing/check'
import { agenda, event, rounds } from '../../testing/fixtures'
import { type ScreenInput, screenOf } from './screen'

const meeting = (round: string, table: string, more: Partial<OwnMeetingCard> = {}): OwnMeetingCard => ({
  place: { round, table, label: table, zone: 'A' },
  side: 'host',
  partner: { zh: '青岛' },
  country: 'CN',
  people: [],
  mine: 'expected',
  theirs: 'expected',
  ...more,
})

const moved = (meeting: string, from: string, at: number, more: Partial<OwnNoticeCard> = {}): OwnNoticeCard => ({
  kind: 'moved',
  meeting,
  from: { round: 'R2', table: from, label: from },
  at,
  ...more,
})

function held(meetings: Record<string, OwnMeetingCard>, notices: Record<string, OwnNoticeCard> = {}, more: Partial<ScreenInput> = {}): ScreenInput {
  const under = <T>(cards: Record<string, T>) => new Map(Object.entries(cards).map(([key, card]) => [key.slice(key.indexOf('/') + 1), card]))
  return {
    event,
    rounds: under(rounds(2, 'running')),
    items: under(agenda),
    meetings: new Map(Object.entries(meetings)),
    notices: new Map(Object.entries(notices)),
    sent: [],
    ...more,
  }
}

const brief = (h: ScreenInput) => {
  const s = screenOf(h)
  return { standing: s.situation, hero: s.nextMeeting?.id, change: s.change && [s.change.kind, s.change.from.label], others: s.others.map((o) => [o.meeting.id, o.kind]) }
}

test('attendee screen: the next meeting is running or to come, never ended or cancelled', () => {
  equal(brief(held({ a: meeting('R1', '01'), b: meeting('R3', '03'), c: meeting('R2', '02') })).hero, 'c')
  equal(brief(held({ b: meeting('R3', '03'), c: meeting('R2', '02', { cancelled: true }) })).hero, 'b')
})

test('attendee screen: the situation without a next meeting', () => {
  equal(brief(held({})).standing, 'none')
  equal(brief(held({ a: meeting('R1', '01') })).standing, 'over')
  equal(brief(held({ a: meeting('', '') })).standing, 'unplaced')
  equal(brief(held({ a: meeting('R2', '01') }, {}, { event: { ...event, version: 0 } })), { standing: 'draft', change: null, others: [] })
})

test('attendee screen: several unseen moves are one change from the first place', () => {
  const h = held({ a: meeting('R2', '09') }, { n2: moved('a', '07', 20), n1: moved('a', '12', 10) })
  equal(brief(h).change, ['moved', '12'])
  equal(screenOf(h).change?.notices, ['n1', 'n2'])
})

test('attendee screen: a meeting that was moved back is shown as such', () => {
  equal(brief(held({ a: meeting('R2', '12') }, { n1: moved('a', '12', 10), n2: moved('a', '07', 20, { undo: true }) })).change, ['back', '12'])
  equal(brief(held({ a: meeting('R2', '12') }, { n2: moved('a', '07', 20, { undo: true }) })).change, ['back', '07'])
})

test('attendee screen: a change of a later meeting does not replace the next meeting', () => {
  const h = held({ a: meeting('R2', '12'), b: meeting('R6', '07') }, { n1: moved('b', '03', 10) })
  equal(brief(h), { standing: 'meeting', hero: 'a', change: null, others: [['b', 'moved']] })
})

test('attendee screen: a cancelled meeting is shown until acknowledged, and the one after it is next', () => {
  const h = held({ a: meeting('R2', '12', { cancelled: true }), b: meeting('R3', '07') }, { n1: { kind: 'cancelled', meeting: 'a', at: 1 } })
  equal(brief(h), { standing: 'meeting', hero: 'b', change: null, others: [['a', 'cancelled']] })
})

test('attendee screen: an acknowledgement counts once it is sent, unless it is refused', () => {
  const seen = (state: 'waiting' | 'rejected'): Sent => ({
    id: 'c1', n: 1, name: 'seen', body: { notices: ['n1'] },
    progress: state === 'waiting' ? { state } : { state, refusal: { code: 'forbidden' } },
  })
  const with_ = (sent: Sent[]) => brief(held({ a: meeting('R2', '07') }, { n1: moved('a', '12', 10) }, { sent })).change
  equal(with_([seen('waiting')]), null)
  equal(with_([seen('rejected')]), ['moved', '12'])
})

test('attendee screen: the programme is in order of time, without the next meeting, ended rows apart', () => {
  const s = screenOf(held({ a: meeting('R1', '01'), b: meeting('R2', '02'), c: meeting('R5', '05'), t: meeting('', '') }))
  equal(s.ahead.map((r) => r.id), ['t', 'I4', 'c', 'I5'])
  equal(s.past.map((r) => r.id), ['I1', 'I2', 'a'])
})
