// The programme by time: the reader's own meetings with talks, breaks and visits.
import type { ItemCard } from '../../shared/cards'
import { dayName, hhmm, named, sameDay, t } from '../../shared/words'
import { Chip } from '../../ui/chip'
import { Icon } from '../../ui/icon'
import { closeIcon, dotIcon } from '../../ui/icons'
import { Name, ScreenReaderText } from '../../ui/names'
import type { Meeting, Row, Screen } from './screen'

export function Programme({ screen, now }: { screen: Screen; now: number }) {
  return (
    <>
      {days(screen.ahead).map(([day, rows]) => (
        <section key={day}>
          <h2 class="label">{!day ? t('programme.unplaced') : sameDay(day, now) ? t('programme.next') : dayName(day)}</h2>
          <Rows rows={rows} />
        </section>
      ))}
      {screen.past.length > 0 && (
        <details>
          <summary class="label">{t('programme.past', { n: screen.past.length })}</summary>
          <Rows rows={screen.past} />
        </details>
      )}
    </>
  )
}

/** days groups rows by day; rows without a time are a group of their own. */
function days(rows: Row[]): [number, Row[]][] {
  const parts: [number, Row[]][] = []
  for (const row of rows) {
    const last = parts[parts.length - 1]
    if (last && (last[0] === row.start || (last[0] && sameDay(last[0], row.start)))) last[1].push(row)
    else parts.push([row.start, [row]])
  }
  return parts
}

const Rows = ({ rows }: { rows: Row[] }) => (
  <ul class="card rows">
    {rows.map((row) => (
      <li key={row.id}>{'item' in row ? <ItemRow item={row.item} /> : <MeetingRow meeting={row.meeting} />}</li>
    ))}
  </ul>
)

function MeetingRow({ meeting: { card, round } }: { meeting: Meeting }) {
  const { text, lang } = named(card.partner)
  const label = card.place.label
  return (
    <>
      <div class="when">
        {round && <><b>{hhmm(round.now.start)}</b><span class="soft">{t('word.round', { no: round.no })}</span></>}
      </div>
      <div class="what">
        {card.cancelled ? <s lang={lang}>{text}</s> : <b lang={lang}>{text}</b>}
        {card.cancelled ? <span class="sign red"><Icon d={closeIcon} /> {t('changed.cancelled')}</span> : <span class="soft">{card.pair && t(card.interpreter ? 'interpreter.set' : 'interpreter.none')}</span>}
      </div>
      {!card.cancelled && label && <b class="where"><ScreenReaderText>{t('word.tableSign')}</ScreenReaderText>{label}</b>}
    </>
  )
}

function ItemRow({ item }: { item: ItemCard }) {
  return (
    <>
      <div class="when"><b>{hhmm(item.now.start)}</b></div>
      <div class="what">
        <b><Name of={item.name} /></b>
        <span class="soft"><Name of={item.place} /></span>
      </div>
      {item.state === 'running' && <Chip tone="jade" icon={dotIcon}>{t('word.now')}</Chip>}
    </>
  )
}
