// Attendance: who has arrived, checked in by name or id; and the interpreters' duty.
import { useSignal } from '@preact/signals'
import type { Duty } from '../../shared/cards'
import { compareLabels } from '../../shared/floor'
import { allSpellings, matches } from '../../shared/search'
import { hhmm, pairName, spanOf, t } from '../../shared/words'
import { Chip } from '../../ui/chip'
import { Icon } from '../../ui/icon'
import { checkIcon, searchIcon } from '../../ui/icons'
import { Name } from '../../ui/names'
import { Section } from './attention'
import { company, namesOf, person } from './describe'
import type { ModeratorStore } from './moderator-store'

const maxLines = 40

export function Attendance({ store }: { store: ModeratorStore }) {
  const query = useSignal('')
  const names = namesOf(store)
  const all = [...names.floor.attendee]
  const here = all.filter(([, a]) => a.checkedIn).length
  const asked = query.value.trim()
  const hits = all
    .filter(([id, a]) => (asked ? matches(asked, id, allSpellings(a.name), allSpellings(names.floor.company.get(a.company)?.name), a.company) : !a.checkedIn))
    .sort(([a], [b]) => compareLabels(a, b))
  return (
    <Section title={t('mod.presenceTitle')} count={t('mod.hereOf', { n: here, of: all.length })} tone="jade">
      <label class="find wide">
        <Icon d={searchIcon} />
        <span class="quiet">{t('mod.findPerson')}</span>
        <input type="search" autocomplete="off" placeholder={t('mod.findPerson')} value={query.value} onInput={(event) => (query.value = event.currentTarget.value)} />
      </label>
      <p class="small soft">{asked ? t('mod.hits', { n: hits.length }) : t('mod.notArrived', { n: hits.length })}</p>
      <ul class="lines">
        {hits.slice(0, maxLines).map(([id, a]) => (
          <li key={id} class="line">
            <div class="line-wide">
              <p><b><Name of={a.name} /></b> <span class="small soft">{id}</span></p>
              <p class="small soft">{company(names, a.company)}</p>
            </div>
            {a.checkedIn ? (
              <Chip tone="jade" icon={checkIcon}>{hhmm(a.checkedIn)}</Chip>
            ) : store.rights.value.may('checkIn') && (
              <button
                type="button"
                class="button small"
                disabled={store.pending.value.has(id)}
                onClick={() => store.send('checkIn', { attendee: id }, t('mod.toasts.checkIn', { who: person(names, 'attendee:' + id) }))}
              >
                {t(store.pending.value.has(id) ? 'mod.sending' : 'mod.checkIn')}
              </button>
            )}
          </li>
        ))}
      </ul>
      {hits.length > maxLines && <p class="soft small">{t('mod.andMore', { n: hits.length - maxLines })}</p>}
    </Section>
  )
}

const duties: readonly Duty[] = ['on', 'break', 'off']

export function DutyList({ store }: { store: ModeratorStore }) {
  const names = namesOf(store)
  const may = store.rights.value.may('setDuty')
  const all = [...names.floor.interpreter].sort(([a], [b]) => compareLabels(a, b))
  return (
    <Section title={t('mod.duty')} count={all.length}>
      <ul class="lines">
        {all.map(([id, i]) => (
          <li key={id} class="line">
            <div class="line-wide">
              <p><b><Name of={i.name} /></b>{i.floater && <span class="small soft"> · {t('mod.floater')}</span>}</p>
              <p class="small soft">
                {i.pairs.map(pairName).join(' ')}{i.shifts?.length ? ' · ' + i.shifts.map(spanOf).join(' ') : ''}{i.skills?.length ? ' · ' + i.skills.join(', ') : ''}
              </p>
            </div>
            {may ? (
              <label>
                <span class="quiet">{t('mod.duty')} <Name of={i.name} /></span>
                <select
                  value={i.duty}
                  data-duty={i.duty}
                  onChange={(event) => store.send('setDuty', { interpreter: id, duty: event.currentTarget.value as Duty }, t('mod.toasts.setDuty', { who: person(names, 'interpreter:' + id), duty: t(`mod.dutyIs.${event.currentTarget.value}`) }))}
                >
                  {duties.map((duty) => (
                    <option key={duty} value={duty}>{t(`mod.dutyIs.${duty}`)}</option>
                  ))}
                </select>
              </label>
            ) : <Chip tone={i.duty === 'on' ? 'jade' : ''}>{t(`mod.dutyIs.${i.duty}`)}</Chip>}
          </li>
        ))}
      </ul>
    </Section>
  )
}
