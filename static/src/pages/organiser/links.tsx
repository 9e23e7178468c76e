// The links of an event: whose each one is, its address and code, and its replacement.
import { useSignal } from '@preact/signals'
import { matches } from '../../shared/search'
import { t } from '../../shared/words'
import { Chip } from '../../ui/chip'
import { InlineConfirmButton } from '../../ui/confirm-button'
import { Icon } from '../../ui/icon'
import { searchIcon } from '../../ui/icons'
import type { PersonalLink } from './api'
import { type OrganiserSession, useSend } from './commands'
import { LinkAddress } from './link-address'
import { FetchLinks, type LinkExport, Unrecorded } from './link-export'

/** Links shows the links after somebody has fetched them. */
export function Links({ session, linkExport }: { session: OrganiserSession; linkExport: LinkExport }) {
  const exported = linkExport.exported.value
  return (
    <section class="org-card">
      <h2>{t('org.links')} {exported && <Chip>{exported.links.length}</Chip>}</h2>
      <p class="soft small">{t('org.linksHelp')}</p>
      {exported && <Unrecorded exported={exported} />}
      {(!exported || linkExport.replaced.value.size > 0) && <FetchLinks linkExport={linkExport} />}
      {exported && <LinkSearch session={session} links={exported.links} replaced={linkExport.replaced.value} />}
    </section>
  )
}

const roleOrder = ['moderator', 'runner', 'display', 'interpreter', 'attendee']
const maxLines = 60

function LinkSearch({ session, links, replaced }: { session: OrganiserSession; links: readonly PersonalLink[]; replaced: ReadonlySet<string> }) {
  const query = useSignal('')
  const role = useSignal('')
  const expandedLink = useSignal('')
  const roles = roleOrder.filter((r) => links.some((link) => link.role === r))
  const hits = links
    .filter((link) => (!role.value || link.role === role.value) && matches(query.value, link.name, link.id, t(`org.role.${link.role}`)))
    .sort((a, b) => roleOrder.indexOf(a.role) - roleOrder.indexOf(b.role))
  return (
    <>
      <div class="link-filter">
        <label class="find wide">
          <Icon d={searchIcon} />
          <span class="quiet">{t('org.findLink')}</span>
          <input type="search" autocomplete="off" placeholder={t('org.findLink')} value={query.value} onInput={(event) => (query.value = event.currentTarget.value)} />
        </label>
        <div class="role-filter" role="group" aria-label={t('org.roles')}>
          {['', ...roles].map((r) => (
            <button key={r} type="button" aria-pressed={role.value === r} onClick={() => (role.value = r)}>{r ? t(`org.role.${r}`) : t('org.allRoles')}</button>
          ))}
        </div>
      </div>
      <ul class="links">
        {hits.slice(0, maxLines).map((link) => {
          const id = `${link.role}-${link.id}`
          return <LinkLine key={id} session={session} link={link} replaced={replaced.has(id) || replaced.has('*')} expanded={expandedLink.value === id} toggle={() => (expandedLink.value = expandedLink.value === id ? '' : id)} />
        })}
      </ul>
      {hits.length > maxLines && <p class="soft small">{t('org.moreLinks', { n: hits.length - maxLines })}</p>}
      {hits.length === 0 && <p class="soft">{t('org.noLinks')}</p>}
    </>
  )
}

function LinkLine({ session, link, replaced, expanded, toggle }: { session: OrganiserSession; link: PersonalLink; replaced: boolean; expanded: boolean; toggle: () => void }) {
  const send = useSend(session)
  return (
    <li class="link-line">
      <button type="button" class="link-head" aria-expanded={expanded} onClick={toggle}>
        <span><b>{link.name || link.id}</b> <span class="small soft">{link.id}</span></span>
        <span class="small soft">{t(`org.role.${link.role}`)}</span>
      </button>
      {expanded && replaced && <p class="link-gone">{t('org.linkReplaced')}</p>}
      {expanded && !replaced && (
        <LinkAddress url={link.url} name={link.name || link.id}>
          <InlineConfirmButton
            words={t('org.rotateWords', { name: link.name || link.id })}
            confirm={t('org.rotateYes')}
            class="danger-line"
            run={() => send('rotateLink', { link: `${link.role}-${link.id}` })}
          >
            {t('org.rotate')}
          </InlineConfirmButton>
        </LinkAddress>
      )}
    </li>
  )
}
// words: org.role.*
