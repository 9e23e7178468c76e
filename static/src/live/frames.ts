// The frames of docs/PROTOCOL.md, as far as pages read and write them.
import type { Code, EventClock, Lang, Role, Text, ZoneID } from '../shared/cards'

export interface Position {
  epoch: number
  seq: number
  hash: string
}

export interface You {
  who: string
  link: string
  name: Text
  lead?: boolean
  zones?: ZoneID[]
  languages?: Lang[]
}

export interface Welcome {
  v: number
  event: string
  you: You
  subjects: string
  now: number
  clock: EventClock
}

export type Cards = Record<string, unknown>

export interface Snapshot {
  at: Position
  cards?: Cards
  get?: string
}

export interface Patch {
  from: number
  to: Position
  set?: Cards
  drop?: string[]
}

export interface Pong {
  n: number
  now: number
  clock: EventClock
  at: Position
}

export interface Live {
  staleSince?: number
  here?: Record<string, number>
  /**
   * asleep and gone say, of people who have not seen a notice, since when they are out of sight or
   * disconnected.
   */
  asleep?: Record<string, number>
  gone?: Record<string, number>
  more?: number
  partial?: boolean
  draining?: boolean
}

/** Problem is an error as programs read it; the catalogs hold its sentence. */
export interface Problem {
  code: Code | string
  params?: Record<string, string>
}

export interface Accepted {
  id: string
  seq: number
  notes?: Problem[]
}

export interface Rejected extends Problem {
  id: string
}

/** FromServer is a frame of the server: exactly one member is present. */
export interface FromServer {
  hello?: Welcome
  snapshot?: Snapshot
  patch?: Patch
  pong?: Pong
  live?: Live
  accepted?: Accepted
  rejected?: Rejected
  error?: Problem
}

export const protocolVersion = 1

/** roleOf returns the part of `role:id` before the colon, idOf the part after it. */
export const roleOf = (who: string): Role => who.slice(0, who.indexOf(':')) as Role
export const idOf = (who: string): string => who.slice(who.indexOf(':') + 1)
