import type { ComponentChildren } from 'preact'
import type { Freshness } from '../live/freshness'
import { hhmm, t } from '../shared/words'
import { Icon } from './icon'
import { clockIcon, dotIcon, offlineIcon } from './icons'

export type Tone = 'jade' | 'amber' | 'red' | 'blue' | ''

/** Chip shows a state in one word with a sign and a colour. */
export function Chip({ tone = '', icon, children }: { tone?: Tone; icon?: string; children: ComponentChildren }) {
  return (
    <span class={'chip ' + tone}>
      {icon && <Icon d={icon} />}
      <span>{children}</span>
    </span>
  )
}

/** FreshnessChip shows how current the page is; eventAt converts device time to event time. */
export function FreshnessChip({ freshness, eventAt }: { freshness: Freshness; eventAt: (device: number) => number }) {
  const time = freshness.asOf ? hhmm(eventAt(freshness.asOf)) : ''
  const [tone, icon, key, unknown] = appearance[freshness.state]
  return <Chip tone={tone} icon={icon}>{t(time ? key : unknown, { time })}</Chip>
}

const appearance: Record<Freshness['state'], [Tone, string, string, string]> = {
  live: ['jade', dotIcon, 'link.live', 'link.live'],
  waking: ['', clockIcon, 'link.asOf', 'link.connecting'],
  stale: ['amber', clockIcon, 'link.asOf', 'link.connecting'],
  offline: ['red', offlineIcon, 'link.offline', 'link.none'],
}
