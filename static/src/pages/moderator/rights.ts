// What a role may do, so that the page offers no more: the rows of floor/rights.go for the people
// who open it. The server checks every command against its own table.
import { roleOf, type You } from '../../live/frames'
import type { Commands } from '../../shared/cards'

/** '' is never; own: commands of their own; zone: in their zones; all: everywhere. */
export type Right = '' | 'own' | 'zone' | 'all'

type Row = readonly [lead: Right, moderator: Right, runner: Right]

const all3: Row = ['all', 'all', 'all']
const zoned: Row = ['all', 'zone', '']

// An organiser may do what the lead may.
const rights: Partial<Record<keyof Commands, Row>> = {
  release: ['all', '', ''],
  setClock: ['all', '', ''],
  rotateLink: ['all', '', ''],
  announce: ['all', 'all', ''],
  withdraw: ['all', 'all', ''],
  undo: ['all', 'own', 'own'],
  dismissLost: ['all', 'own', 'own'],
  call: ['all', '', ''],
  start: ['all', '', ''],
  extend: ['all', '', ''],
  end: ['all', '', ''],
  moveMeeting: zoned,
  swapMeetings: zoned,
  cancelMeeting: zoned,
  lockMeeting: zoned,
  closeTable: zoned,
  openTable: zoned,
  checkIn: all3,
  markPresent: ['all', 'zone', 'all'],
  markNoShow: ['all', 'zone', 'all'],
  markTold: all3,
  setDuty: ['all', 'all', ''],
  requestInterpreter: ['all', 'zone', 'all'],
  claimRequest: zoned,
  setOut: zoned,
  arrive: zoned,
  releaseRequest: zoned,
  cancelRequest: ['all', 'zone', 'all'],
}

export class Rights {
  constructor(private you: You | null) {}

  private of(command: keyof Commands): Right {
    const row = rights[command]
    if (!row || !this.you) return ''
    switch (roleOf(this.you.who)) {
      case 'organiser':
        return row[0]
      case 'moderator':
        return row[this.you.lead ? 0 : 1]
      case 'runner':
        return row[2]
      default:
        return ''
    }
  }

  /** may reports whether the role may ever give a command. */
  may(command: keyof Commands): boolean {
    return this.of(command) !== ''
  }

  /**
   * mayIn reports whether the role may give a command about a table of a zone; no zone is the tray,
   * which belongs to everyone.
   */
  mayIn(command: keyof Commands, zone: string | undefined): boolean {
    const right = this.of(command)
    return right === 'all' || (right === 'zone' && (!zone || (this.you?.zones ?? []).includes(zone)))
  }

  /** mayUndo reports whether a command that `by` gave may be undone. */
  mayUndo(by: string): boolean {
    return this.mayAbout('undo', by)
  }

  /** mayDismiss reports whether a lost command that `by` gave may be dismissed. */
  mayDismiss(by: string): boolean {
    return this.mayAbout('dismissLost', by)
  }

  private mayAbout(command: keyof Commands, by: string): boolean {
    const right = this.of(command)
    return right === 'all' || (right === 'own' && by === this.you?.who)
  }
}
