// Which interpreters can claim a request.
import type { RequestCard } from '../../shared/cards'
import { type Floor, seated } from '../../shared/floor'

/**
 * availableInterpreters returns the interpreters who can claim a request at an event time, by the
 * rules of floor's mayTake.
 */
export function availableInterpreters(floor: Floor, id: string, now: number): string[] {
  const request = floor.request.get(id)
  if (!request) return []
  return [...floor.interpreter.keys()].filter((i) => mayTake(floor, i, id, request, now))
}

function mayTake(floor: Floor, interpreter: string, id: string, request: RequestCard, now: number): boolean {
  const card = floor.interpreter.get(interpreter)!
  const onShift = !card.shifts?.length || card.shifts.some((s) => s.start <= now && now < s.end)
  if (card.duty !== 'on' || !onShift || !card.pairs.includes(request.pair)) return false
  if (request.skill && !card.skills?.includes(request.skill)) return false
  for (const [other, openRequest] of floor.request) if (other !== id && openRequest.interpreter === interpreter) return false
  const round = floor.meeting.get(request.meeting)?.place.round
  return !(floor.meetingsOf.get('interpreter:' + interpreter) ?? []).some((m) => {
    const meeting = floor.meeting.get(m)!
    return m !== request.meeting && seated(meeting) && meeting.place.round === round
  })
}
