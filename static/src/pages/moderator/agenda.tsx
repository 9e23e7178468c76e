// The agenda against its plan, the announcements, and the log of commands.
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { Text } from '../../shared/cards'
import { minutesLate, type Slot } from '../../shared/slots'
import { hhmm, languages, named, spanOf, t } from '../../shared/words'
import { Chip } from '../../ui/chip'
import { Icon } from '../../ui/icon'
import { closeIcon, hornIcon, undoIcon } from '../../ui/icons'
import { Name } from '../../ui/names'
import { Section } from './attention'
import { SlotActions } from './bar'
import { doneWords, namesOf, person } from './describe'
import type { ModeratorStore } from './moderator-store'

export function Agenda({ store }: { store: ModeratorStore }) {
  return (
    <Section title={t('mod.day')}>
      <ol class="lines">
        {store.slots.value.map((slot) => (
          <SlotLine key={slot.id} store={store} slot={slot} />
        ))}
      </ol>
    </Section>
  )
}

function SlotLine({ store, slot }: { store: ModeratorStore; slot: Slot }) {
  const expanded = useSignal(false)
  const behind = minutesLate(slot)
  const canAct = store.rights.value.may('start') && slot.state !== 'ended'
  const inner = (
    <>
      <span class="line-wide">
        <span class={slot.state === 'running' ? 'strong' : ''}>{slot.round ? t('word.round', { no: slot.round.no }) : <Name of={slot.item?.name} />}</span>
        <span class="small soft line-second">
          {spanOf(slot.now)}{behind !== 0 && ` · ${t('mod.plan', { time: spanOf(slot.plan) })}`}
        </span>
      </span>
      {behind !== 0 && <Chip tone={behind > 0 ? 'amber' : 'blue'}>{t(behind > 0 ? 'mod.late' : 'mod.early', { n: Math.abs(behind) })}</Chip>}
      <Chip tone={slot.state === 'running' ? 'blue' : slot.state === 'ended' || slot.state === 'planned' ? '' : 'amber'}>{t(`mod.state.${slot.state}`)}</Chip>
    </>
  )
  return (
    <li class="line-box" data-state={slot.state}>
      {canAct ? (
        <button type="button" class="line" aria-expanded={expanded.value} onClick={() => (expanded.value = !expanded.value)}>{inner}</button>
      ) : <div class="line">{inner}</div>}
      {expanded.value && canAct && <div class="line-actions"><SlotActions store={store} slot={slot} /></div>}
    </li>
  )
}

export function Announcements({ store }: { store: ModeratorStore }) {
  const all = [...store.session.cardsOf('announcement')].sort(([, a], [, b]) => b.at - a.at)
  const rights = store.rights.value
  return (
    <Section title={t('mod.announcements')} count={all.length}>
      <ul class="lines">
        {all.map(([id, a]) => (
          <li key={id} class="line">
            <div class="line-wide">
              {languages.map(({ code, tag }) => a.text[code] && <p key={code} lang={tag}>{a.text[code]}</p>)}
              <p class="small soft">{hhmm(a.at)} · {t('mod.until', { time: hhmm(a.until) })}</p>
            </div>
            {rights.may('withdraw') && (
              <button type="button" class="button small" onClick={() => store.send('withdraw', { announcement: id }, t('mod.toasts.withdraw', { text: named(a.text).text }))}>{t('mod.withdraw')}</button>
            )}
          </li>
        ))}
      </ul>
      {rights.may('announce') && (
        <button type="button" class="button small" onClick={() => (store.composing.value = true)}>
          <Icon d={hornIcon} />
          {t('mod.announce')}
        </button>
      )}
    </Section>
  )
}

/** AnnouncementForm writes an announcement in at least one language, with its duration. */
export function AnnouncementForm({ store }: { store: ModeratorStore }) {
  const text = useSignal<Text>({})
  const minutes = useSignal(15)
  const first = useRef<HTMLTextAreaElement>(null)
  useEffect(() => first.current?.focus(), [])
  const done = () => (store.composing.value = false)
  const filled = Object.fromEntries(Object.entries(text.value).map(([code, words]) => [code, words?.trim()]).filter(([, words]) => words)) as Text
  const empty = Object.keys(filled).length === 0
  const send = (event: Event) => {
    event.preventDefault()
    if (empty) return
    store.send('announce', { text: filled, minutes: minutes.value }, t('mod.toasts.announce', { text: named(filled).text }))
    done()
  }
  return (
    <form class="compose detail" onSubmit={send} aria-label={t('mod.announce')} onKeyDown={(event) => event.key === 'Escape' && done()}>
      <div class="detail-head">
        <h2>{t('mod.announce')}</h2>
        <button type="button" class="icon-button" aria-label={t('word.close')} onClick={done}><Icon d={closeIcon} /></button>
      </div>
      <p class="small soft">{t('mod.announceHelp')}</p>
      {languages.map(({ code, tag, name }, i) => (
        <label key={code}>
          <span class="small strong" lang={tag}>{name}</span>
          <textarea
            lang={tag}
            rows={2}
            maxLength={300}
            ref={i === 0 ? first : undefined}
            value={text.value[code] ?? ''}
            onInput={(event) => (text.value = { ...text.value, [code]: event.currentTarget.value.replace(/[\r\n]+/g, ' ') })}
          />
        </label>
      ))}
      <label>
        <span class="small strong">{t('mod.howLong')}</span>
        <select value={String(minutes.value)} onChange={(event) => (minutes.value = Number(event.currentTarget.value))}>
          {[5, 15, 30, 60, 120].map((m) => (
            <option key={m} value={m}>{t('time.minutes', { m })}</option>
          ))}
        </select>
      </label>
      <button type="submit" class="button filled" aria-disabled={empty}>{t('mod.announceSend')}</button>
    </form>
  )
}

export function CommandLog({ store }: { store: ModeratorStore }) {
  const names = namesOf(store)
  const rights = store.rights.value
  const all = [...store.session.cardsOf('done')].sort(([a], [b]) => Number(b) - Number(a))
  return (
    <Section title={t('mod.log')} count={all.length}>
      <ol class="lines">
        {all.map(([seq, card]) => (
          <li key={seq} class="line">
            <div class="line-wide">
              <p>{doneWords(names, card)}</p>
              <p class="small soft">{hhmm(card.at)} · {person(names, card.by)}</p>
            </div>
            {card.undo && rights.mayUndo(card.by) && (
              <button type="button" class="button small" onClick={() => store.undo(card.command, t('mod.toasts.undo', { what: doneWords(names, card) }))}>
                <Icon d={undoIcon} />
                {t('mod.undo')}
              </button>
            )}
          </li>
        ))}
      </ol>
      {all.length === 0 && <p class="soft small">{t('mod.logEmpty')}</p>}
    </Section>
  )
}
// words: mod.done.*
