// Picking up and dropping: what a tap, a click or Enter on a place does.
import { say } from '../../ui/announcer'
import { t } from '../../shared/words'
import { mayLift, type Verdict } from './move-rules'
import type { Console } from './moderator-store'
import { meetingName, namesOf, placeName, verdictWords, whyNot } from './describe'
import { seat } from '../../shared/floor'

/** touch is a tap on a cell: it picks up what lies there, or drops what is lifted. */
export function touch(console: Console, round: string, table: string): void {
  if (console.lifted.value) return drop(console, round, table)
  const floor = console.floor.value
  const id = floor.seats.get(seat(round, table)) ?? floor.called.get(seat(round, table))
  if (id) pick(console, id)
}

/** pick shows a meeting, and lifts it where it may be moved. */
export function pick(console: Console, id: string): void {
  const names = namesOf(console)
  console.focus.value = { meeting: id }
  if (console.narrow.value) show(console, id)
  const rights = console.rights.value
  const floor = console.floor.value
  const stuck = rights.may('moveMeeting')
    ? mayLift(floor, id, (table) => rights.mayIn('moveMeeting', floor.table.get(table)?.zone))
    : null
  const lifts = rights.may('moveMeeting') && !stuck
  console.lifted.value = lifts ? id : null
  say(lifts ? t('mod.lifted', { meeting: meetingName(names, id) }) : stuck ? whyNot(names, stuck) : meetingName(names, id))
}

/** show brings a meeting's round before the eyes where only one round is in sight. */
function show(console: Console, id: string): void {
  console.tab.value = 'floor'
  const round = console.floor.value.meeting.get(id)?.place.round
  if (round) console.round.value = round
}

/** putDown lets go of what is lifted, where it was. */
export function putDown(console: Console): void {
  console.disarm()
  console.lifted.value = null
  console.focus.value = null
}

/** drop moves or swaps what is lifted, asks again for a locked one, or says why not. */
export function drop(console: Console, round: string, table: string): void {
  const judge = console.judge.value
  if (!judge) return putDown(console)
  const names = namesOf(console)
  const verdict = judge.at(round, table)
  switch (verdict.mark) {
    case 'here':
      return putDown(console)
    case 'hard':
    case 'over':
      return console.toast({ tone: 'refused', words: () => verdictWords(names, verdict) })
  }
  const id = judge.meeting
  const m = judge.floor.meeting.get(id)!
  if (verdict.swap) {
    console.give('swapMeetings', { a: id, b: verdict.swap }, moveWords(console, id, verdict, round, table))
    return putDown(console)
  }
  const move = (override?: true) => {
    console.give('moveMeeting', { meeting: id, table, round, ...(override && { override }), ...(verdict?.without && { withoutInterpreter: true }) }, moveWords(console, id, verdict, round, table))
    putDown(console)
  }
  if (!m.locked) return move()
  console.arm({
    name: `override/${id}/${round}/${table}`,
    words: t('mod.armed.override', { meeting: meetingName(names, id), place: placeName(names, { round, table }) }),
    confirm: t('mod.armed.overrideYes'),
    run: () => move(true),
  })
}

/** toTray takes what is lifted off its place. */
export function toTray(console: Console): void {
  const id = console.lifted.value
  if (!id) return
  const names = namesOf(console)
  const m = console.floor.value.meeting.get(id)
  if (!m?.place.table) return putDown(console)
  const send = () => {
    console.give('moveMeeting', { meeting: id, tray: true, ...(m.locked && { override: true }) }, t('mod.toasts.tray', { meeting: meetingName(names, id) }))
    putDown(console)
  }
  if (!m.locked) return send()
  console.arm({
    name: 'tray/' + id,
    words: t('mod.armed.override', { meeting: meetingName(names, id), place: t('mod.tray') }),
    confirm: t('mod.armed.overrideYes'),
    run: send,
  })
}

function moveWords(console: Console, id: string, verdict: Verdict, round: string, table: string): string {
  const names = namesOf(console)
  const m = names.floor.meeting.get(id)!
  const soft = verdict.findings.map((f) => whyNot(names, f)).join(' ')
  const params = { meeting: meetingName(names, id), from: placeName(names, m.place), to: placeName(names, { round, table }) }
  const words = verdict.swap
    ? t('mod.toasts.swap', { ...params, other: meetingName(names, verdict.swap) })
    : t('mod.toasts.move', params)
  return soft ? `${words} · ${soft}` : words
}
