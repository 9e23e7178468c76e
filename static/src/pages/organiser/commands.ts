// The commands that an organiser gives to one event.
import type { Commands } from '../../shared/cards'
import type { FloorKinds } from '../../shared/floor-kinds'
import type { Session } from '../../shared/session'

export type OrganiserSession = Session<FloorKinds>

/** useSend returns a function that sends a command, which the server must apply within 30 seconds or refuse. */
export function useSend(session: OrganiserSession): <C extends keyof Commands>(name: C, body: Commands[C]) => void {
  return (name, body) => void session.send(name, body, { within: 30_000 })
}
