import type { NoticeCard } from '../../shared/cards'
import { equal, test } from '../../testing/check'
import { deliveryStep, deviceState, latestNoticeAbout } from './delivery-status'

test('deliveryStep: sent until a device has it, delivered until it is seen, told if somebody said it in person', () => {
  const card = { notice: 'n1', who: 'attendee:k01a' }
  equal(deliveryStep(card, undefined), 'delivered')
  equal(deliveryStep(card, { count: 2, who: ['attendee:k01a', 'attendee:k02a'] }), 'sent')
  equal(deliveryStep(card, { count: 1, who: ['attendee:k02a'] }), 'delivered')
  equal(deliveryStep(card, { count: 501 }), null)
  equal(deliveryStep({ ...card, toldBy: 'runner:r1' }, { count: 1, who: ['attendee:k01a'] }), 'told')
})

test('deviceState: a phone in no list is live, unless the lists are incomplete', () => {
  const live = { here: { live: 4 }, asleep: { 'attendee:b': 17_000 }, gone: { 'attendee:c': 16_000, 'attendee:d': 0 } }
  equal(deviceState(live, 'attendee:a'), { presence: 'live' })
  equal(deviceState(live, 'attendee:b'), { presence: 'asleep', since: 17_000 })
  equal(deviceState(live, 'attendee:c'), { presence: 'gone', since: 16_000 })
  equal(deviceState(live, 'attendee:d'), { presence: 'never' })
  equal(deviceState({ ...live, more: 3 }, 'attendee:a'), null)
  equal(deviceState({ here: { live: 2 }, partial: true }, 'attendee:a'), null)
  equal(deviceState({}, 'attendee:a'), null)
})

test('latestNoticeAbout: the newest notice about the meeting or its round', () => {
  const at = { place: { round: 'R1', table: 'T1' }, host: { company: 'h', people: [], presence: 'expected' as const }, guest: { company: 'g', people: [], presence: 'expected' as const } }
  const notices = new Map<string, NoticeCard>([
    ['call', { kind: 'call', round: 'R1', at: 2, for: 9, seen: 0 }],
    ['other', { kind: 'moved', meeting: 'm2', at: 9, for: 4, seen: 0 }],
    ['moved', { kind: 'moved', meeting: 'm1', at: 1, for: 4, seen: 0 }],
  ])
  equal(latestNoticeAbout(notices, 'm1', at)?.[0], 'call')
  equal(latestNoticeAbout(notices, 'm1', { ...at, place: { round: 'R2', table: 'T1' } })?.[0], 'moved')
  equal(latestNoticeAbout(notices, 'm3', { ...at, cancelled: true })?.[0], undefined)
})
