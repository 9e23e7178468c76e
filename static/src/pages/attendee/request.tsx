// Calling an interpreter. The page shows only what the server has confirmed.
import type { OwnRequestCard, RequestState } from '../../shared/cards'
import type { Sent, Session } from '../../shared/session'
import { named, pairName, t } from '../../shared/words'
import { Icon } from '../../ui/icon'
import { talkIcon } from '../../ui/icons'
import type { AttendeeCards, Meeting } from './screen'

type Props = { session: Session<AttendeeCards> }

export function InterpreterRequest({ session, meeting }: Props & { meeting: Meeting }) {
  const inFlight = (name: Sent['name'], field: string, id: string) =>
    session.sent.value.some((s) => s.name === name && s.progress.state !== 'rejected' && (s.body as Record<string, unknown>)[field] === id)
  const mine = [...session.cardsOf('request')].find(([, card]) => card.meeting === meeting.id)
  if (mine) {
    const [id, card] = mine
    return <Request session={session} id={id} card={card} cancelling={inFlight('cancelRequest', 'request', id)} />
  }
  if (inFlight('requestInterpreter', 'meeting', meeting.id)) {
    return (
      <section class="card call" role="status">
        <p class="strong"><Icon d={talkIcon} /> {t(session.freshness.value.state === 'live' ? 'request.sending' : 'request.held')}</p>
        <Steps at={-1} />
      </section>
    )
  }
  return (
    <button type="button" class="button" onClick={() => session.send('requestInterpreter', { meeting: meeting.id })}>
      <Icon d={talkIcon} /> {t('request.call')}
    </button>
  )
}

const order: RequestState[] = ['requested', 'claimed', 'onTheWay', 'arrived']

function Request({ session, id, card, cancelling }: Props & { id: string; card: OwnRequestCard; cancelling: boolean }) {
  const at = order.indexOf(card.state)
  const who = named(card.interpreter).text
  return (
    <section class={'card call ' + (card.state === 'arrived' ? 'there' : 'open')}>
      <div class="ends">
        <p class="strong">
          <Icon d={talkIcon} /> {card.state === 'requested' && card.line ? t('request.line', { n: card.line }) : t(`asked.${card.state}`, { who })}
        </p>
        <span class="soft small">{pairName(card.pair)}</span>
      </div>
      <Steps at={at} />
      <button
        type="button"
        class="button small plain"
        aria-disabled={cancelling}
        onClick={() => cancelling || session.send('cancelRequest', { request: id })}
      >
        {t(cancelling ? 'request.cancelling' : 'request.cancel')}
      </button>
    </section>
  )
}

/** Steps shows how far a request has come, with a word under each mark. */
function Steps({ at }: { at: number }) {
  return (
    <ol class="steps">
      {order.map((step, i) => (
        <li key={step} class={i <= at ? 'done' : ''} aria-current={i === at ? 'step' : undefined}>{t(`step.${step}`)}</li>
      ))}
    </ol>
  )
}
