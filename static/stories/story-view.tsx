// story-<page>.html shows one story, named in the query, or the list of them. Tests change to
// another by window.turnStory.
import { effect, signal } from '@preact/signals-core'
import { cloneElement, render, type VNode } from 'preact'
import { language, languages, loadWords } from '../src/shared/words'
import { watchLanguage } from '../src/ui/language'

export type Story = () => VNode

interface Turning {
  stories?: string[]
  turnStory?: (state: string, lang: string) => void
}

export async function show(page: string, stories: Record<string, Story>): Promise<void> {
  await Promise.all(languages.map(({ code }) => loadWords(code)))
  watchLanguage()
  document.body.className = `page-${page}`
  const root = document.getElementById('page') as HTMLElement
  const shown = signal<VNode | null>(null)
  const turn = (state: string, lang: string) => {
    const wanted = languages.find(({ code }) => code === lang)
    if (wanted) language.value = wanted.code
    render(null, root) // nothing of the previous story stays
    shown.value = stories[state]?.() ?? list(stories)
    root.dataset.shown = state
  }
  const query = new URLSearchParams(location.search)
  turn(query.get('state') ?? '', query.get('lang') ?? '')
  effect(() => {
    void language.value
    // Preact skips an element that it has drawn before.
    render(shown.value && cloneElement(shown.value), root)
  })
  Object.assign(window as Turning, { stories: Object.keys(stories), turnStory: turn })
}

const list = (stories: Record<string, Story>) => (
  <ul>
    {Object.keys(stories).map((state) => (
      <li key={state}>
        <a href={`?state=${state}`}>{state}</a>
      </li>
    ))}
  </ul>
)
