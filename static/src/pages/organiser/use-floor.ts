// The floor for the organiser's page.
import { type ReadonlySignal, useComputed } from '@preact/signals'
import { type Floor, makeFloor } from '../../shared/floor'
import type { FloorKinds } from '../../shared/floor-kinds'
import type { Session } from '../../shared/session'

export function useFloor(session: Session<FloorKinds>): ReadonlySignal<Floor> {
  return useComputed(() => makeFloor({
    round: session.cardsOf('round'), table: session.cardsOf('table'), meeting: session.cardsOf('meeting'), company: session.cardsOf('company'),
    request: session.cardsOf('request'), attendee: session.cardsOf('attendee'), interpreter: session.cardsOf('interpreter'),
  }))
}
