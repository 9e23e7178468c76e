// The start page: what matchfloor is, and the pages that this device has opened before.
import '../../ui/base.css'
import { effect } from '@preact/signals-core'
import { render } from 'preact'
import type { SavedView } from '../../live/saved-view'
import { deviceStore, parseStored } from '../../live/storage'
import type { EventCard, Text } from '../../shared/cards'
import { language, loadWords, t } from '../../shared/words'
import { LanguageSwitch, watchLanguage } from '../../ui/language'
import { Name } from '../../ui/names'

interface SavedPage {
  path: string
  event: Text | undefined
  person: Text
}

/** savedPages returns the pages whose last view is saved on this device. */
function savedPages(): SavedPage[] {
  const store = deviceStore()
  return store.keys('mf.view/').flatMap((key) => {
    const saved = parseStored<SavedView>(store.get(key))
    const [, event, link] = key.split('/')
    if (!saved || !event || !link) return []
    const role = link.slice(0, link.indexOf('-'))
    const page = role === 'runner' || role === 'organiser' ? 'moderator' : role
    const card = Object.entries(saved.cards).find(([name]) => name.startsWith('event/'))?.[1] as EventCard | undefined
    return [{ path: `/${page}/${event}/${link}`, event: card?.name, person: saved.you.name }]
  })
}

function Index() {
  const pages = savedPages()
  return (
    <main class="column gate">
      <h1>matchfloor</h1>
      <p class="soft">{t('index.what')}</p>
      {pages.map(({ path, event, person }) => (
        <a key={path} class="button" href={path}>
          <Name of={event} /> · <Name of={person} />
        </a>
      ))}
      <p class="soft">{t('gates.openLink')}</p>
      <LanguageSwitch />
    </main>
  )
}

watchLanguage()
const root = document.getElementById('page')
void loadWords(language.value).then(() =>
  effect(() => {
    if (root) render(<Index />, root)
  }),
)
