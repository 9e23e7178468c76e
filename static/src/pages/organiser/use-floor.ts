// The floor as the console sees it, for the organiser's own pages.
import { type ReadonlySignal, useComputed } from '@preact/signals'
import { type Floor, makeFloor } from '../../shared/floor'
import type { FloorKinds } from '../../shared/floor-kinds'
import type { Session } from '../../shared/session'

export function useFloor(session: Session<FloorKinds>): ReadonlySignal<Floor> {
  return useComputed(() => makeFloor({
    round: session.of('round'), table: session.of('table'), meeting: session.of('meeting'), company: session.of('company'),
    request: session.of('request'), attendee: session.of('attendee'), interpreter: session.of('interpreter'),
  }))
}
