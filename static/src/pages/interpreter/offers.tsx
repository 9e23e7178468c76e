// Requests: the one that the reader has claimed with its next step, and those that can be claimed.
import type { Commands, RequestState } from '../../shared/cards'
import type { Session } from '../../shared/session'
import { mmss, pairName, t } from '../../shared/words'
import { Chip } from '../../ui/chip'
import { alertIcon, checkIcon, personIcon } from '../../ui/icons'
import { CompanyPair, Name, TableNumber } from '../../ui/names'
import { type InterpreterCards, isPending, type Offer, type Screen, sendingLabel } from './screen'

interface Props {
  session: Session<InterpreterCards>
  screen: Screen
}

const describe = ({ card }: Offer) => pairName(card.pair) + (card.skill ? ' · ' + card.skill : '')

/** The command that each state of the reader's own request asks for next. */
const steps: Partial<Record<RequestState, keyof Commands & ('setOut' | 'arrive' | 'releaseRequest')>> = {
  claimed: 'setOut',
  onTheWay: 'arrive',
  arrived: 'releaseRequest',
}

export function ClaimedRequest({ session, job }: Props & { job: Offer }) {
  const { card, id } = job
  const next = steps[card.state]
  const busy = isPending(session.sent.value, ['setOut', 'arrive', 'releaseRequest'], 'request', id)
  const send = (name: 'setOut' | 'arrive' | 'releaseRequest') => busy || session.send(name, { request: id })
  return (
    <section class={'card job ' + (card.state === 'arrived' ? 'there' : 'open')} aria-label={t('job.label')}>
      <div class="ends">
        <Chip tone={card.state === 'arrived' ? 'jade' : 'blue'} icon={card.state === 'arrived' ? checkIcon : personIcon}>{t(`job.${card.state}`)}</Chip>
        <span class="soft">{describe(job)}</span>
      </div>
      <p class="place"><TableNumber label={card.place.label} /></p>
      <p class="strong"><CompanyPair host={card.host} guest={card.guest} /></p>
      {next && (
        <button type="button" class="button go big" aria-disabled={busy} onClick={() => send(next)}>
          {t(busy ? sendingLabel(session) : `jobNext.${card.state}`)}
        </button>
      )}
      {card.state !== 'arrived' && (
        <button type="button" class="button small plain" aria-disabled={busy} onClick={() => send('releaseRequest')}>
          {t('job.giveBack')}
        </button>
      )}
    </section>
  )
}

export function Offers({ session, screen }: Props) {
  const { unclaimed, claimedByOthers, busy } = screen
  return (
    <section>
      <h2 class="label">{t('offers.label')}</h2>
      {!unclaimed.length && !claimedByOthers.length && <p class="card soft">{t(busy ? 'offers.noneBusy' : 'offers.none')}</p>}
      <ul class="stack">
        {unclaimed.map((offer, i) => <li key={offer.id}><UnclaimedRequest session={session} offer={offer} first={i === 0} busy={busy} /></li>)}
        {claimedByOthers.map((offer) => <li key={offer.id}><RequestOfOther offer={offer} /></li>)}
      </ul>
    </section>
  )
}

function UnclaimedRequest({ session, offer, first, busy }: { session: Session<InterpreterCards>; offer: Offer; first: boolean; busy: boolean }) {
  const { card, id } = offer
  const label = card.place.label ?? ''
  const claiming = isPending(session.sent.value, ['claimRequest'], 'request', id)
  return (
    <article class={'card offer ' + (first && !busy ? 'open' : '')}>
      <div class="line">
        <span class="number">{label}</span>
        <div class="what">
          <b>{describe(offer)}</b>
          <span class="soft"><CompanyPair host={card.host} guest={card.guest} /></span>
          {card.escalated && <span class="sign amber"><Chip tone="amber" icon={alertIcon}>{t('offers.long')}</Chip></span>}
        </div>
        <div class="aside">
          <span class="soft">{t('offers.waited')}</span>
          <b class="waited">{mmss(session.now.value - card.at)}</b>
        </div>
      </div>
      {!busy && (
        <button
          type="button"
          class={'button ' + (first ? 'go big' : '')}
          aria-disabled={claiming}
          onClick={() => claiming || session.send('claimRequest', { request: id })}
        >
          {claiming ? t(sendingLabel(session)) : t('offers.claim', { table: label })}
        </button>
      )}
    </article>
  )
}

/** RequestOfOther shows who claimed a request first, where the reader tried to. */
function RequestOfOther({ offer }: { offer: Offer }) {
  const { card } = offer
  return (
    <article class="card offer gone">
      <div class="line">
        <span class="number">{card.place.label}</span>
        <div class="what">
          <b>{describe(offer)}</b>
          <span class="soft"><Name of={card.claimant} /> · {t(`taken.${card.state}`)}</span>
        </div>
        <Chip tone="blue" icon={personIcon}>{t('offers.taken')}</Chip>
      </div>
    </article>
  )
}
