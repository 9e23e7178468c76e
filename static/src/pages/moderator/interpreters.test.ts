import type { RequestCard } from '../../shared/cards'
import { makeFloor } from '../../shared/floor'
import { test, truth } from '../../testing/check'
import { floorCards, floorOf, forumSize, manyRounds } from '../../testing/floor-fixtures'
import { availableInterpreters } from './interpreters'

test('availableInterpreters: on duty, on shift, of the pair, with the skill, and free', () => {
  const floor = floorOf({ ...floorCards(forumSize), ...manyRounds(8) })
  const request = { meeting: 'm022', pair: 'ko-zh', state: 'requested' as const, at: 0, canTake: 0 }
  const withRequest = makeFloor({ ...floor, request: new Map([['r1', request]]) })
  const at = (h: number) => Date.UTC(2026, 9, 14, h - 9)
  const free = availableInterpreters(withRequest, 'r1', at(14))
  truth(free.includes('i19') && !free.includes('i21') && !free.includes('i06'), 'the floaters; not who is off or on a break: ' + free.join())
  truth(!availableInterpreters(withRequest, 'r1', at(18)).includes('i19'), 'after the shift')
  const skilled = makeFloor({ ...floor, request: new Map([['r1', { ...request, skill: 'LED' }]]) })
  truth(availableInterpreters(skilled, 'r1', at(14)).every((i) => floor.interpreter.get(i)!.skills?.includes('LED')), 'skill')
  const taken = makeFloor({ ...floor, request: new Map<string, RequestCard>([['r1', request], ['r2', { ...request, meeting: 'm030', state: 'claimed', interpreter: 'i19' }]]) })
  truth(!availableInterpreters(taken, 'r1', at(14)).includes('i19'), 'has another request')
})
