// Picking up and dropping meetings by tap, click or Enter.
import { seat } from '../../shared/floor'
import { t } from '../../shared/words'
import { say } from '../../ui/announcer'
import { findingWords, meetingName, namesOf, placeName, verdictWords } from './describe'
import type { ModeratorStore } from './moderator-store'
import { liftRefusal, type Verdict } from './move-rules'

/** pressCell picks up the meeting of a cell, or drops the lifted one there. */
export function pressCell(store: ModeratorStore, round: string, table: string): void {
  if (store.lifted.value) return drop(store, round, table)
  const floor = store.floor.value
  const id = floor.seats.get(seat(round, table)) ?? floor.cancelledSeats.get(seat(round, table))
  if (id) pickUp(store, id)
}

/** pickUp shows a meeting, and lifts it if it may be moved. */
export function pickUp(store: ModeratorStore, id: string): void {
  const names = namesOf(store)
  store.focus.value = { meeting: id }
  if (store.narrow.value) showRoundOf(store, id)
  const rights = store.rights.value
  const floor = store.floor.value
  const refusal = rights.may('moveMeeting')
    ? liftRefusal(floor, id, (table) => rights.mayIn('moveMeeting', floor.table.get(table)?.zone))
    : null
  const lifts = rights.may('moveMeeting') && !refusal
  store.lifted.value = lifts ? id : null
  say(lifts ? t('mod.lifted', { meeting: meetingName(names, id) }) : refusal ? findingWords(names, refusal) : meetingName(names, id))
}

/** showRoundOf shows the round of a meeting on screens that show one round only. */
function showRoundOf(store: ModeratorStore, id: string): void {
  store.tab.value = 'floor'
  const round = store.floor.value.meeting.get(id)?.place.round
  if (round) store.round.value = round
}

/** putDown leaves the lifted meeting where it was. */
export function putDown(store: ModeratorStore): void {
  store.confirmation.cancel()
  store.lifted.value = null
  store.focus.value = null
}

/** drop moves or swaps the lifted meeting, asks for confirmation if it is locked, or says why it cannot. */
export function drop(store: ModeratorStore, round: string, table: string): void {
  const verdicts = store.verdicts.value
  if (!verdicts) return putDown(store)
  const names = namesOf(store)
  const verdict = verdicts.at(round, table)
  switch (verdict.mark) {
    case 'here':
      return putDown(store)
    case 'hard':
    case 'over':
      return store.toast({ tone: 'refused', words: () => verdictWords(names, verdict) })
  }
  const id = verdicts.meeting
  const m = verdicts.floor.meeting.get(id)!
  if (verdict.swap) {
    store.send('swapMeetings', { a: id, b: verdict.swap }, moveWords(store, id, verdict, round, table))
    return putDown(store)
  }
  const move = (override?: true) => {
    store.send('moveMeeting', { meeting: id, table, round, ...(override && { override }), ...(verdict?.without && { withoutInterpreter: true }) }, moveWords(store, id, verdict, round, table))
    putDown(store)
  }
  if (!m.locked) return move()
  store.confirmation.press({
    name: `override/${id}/${round}/${table}`,
    words: t('mod.armed.override', { meeting: meetingName(names, id), place: placeName(names, { round, table }) }),
    confirm: t('mod.armed.overrideYes'),
    run: () => move(true),
  })
}

/** toTray takes the lifted meeting off its place. */
export function toTray(store: ModeratorStore): void {
  const id = store.lifted.value
  if (!id) return
  const names = namesOf(store)
  const m = store.floor.value.meeting.get(id)
  if (!m?.place.table) return putDown(store)
  const send = () => {
    store.send('moveMeeting', { meeting: id, tray: true, ...(m.locked && { override: true }) }, t('mod.toasts.tray', { meeting: meetingName(names, id) }))
    putDown(store)
  }
  if (!m.locked) return send()
  store.confirmation.press({
    name: 'tray/' + id,
    words: t('mod.armed.override', { meeting: meetingName(names, id), place: t('mod.tray') }),
    confirm: t('mod.armed.overrideYes'),
    run: send,
  })
}

function moveWords(store: ModeratorStore, id: string, verdict: Verdict, round: string, table: string): string {
  const names = namesOf(store)
  const m = names.floor.meeting.get(id)!
  const soft = verdict.findings.map((f) => findingWords(names, f)).join(' ')
  const params = { meeting: meetingName(names, id), from: placeName(names, m.place), to: placeName(names, { round, table }) }
  const words = verdict.swap
    ? t('mod.toasts.swap', { ...params, other: meetingName(names, verdict.swap) })
    : t('mod.toasts.move', params)
  return soft ? `${words} · ${soft}` : words
}
