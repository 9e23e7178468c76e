import { effect } from '@preact/signals-core'
import { choose, language, languages, tagOf } from '../shared/words'

/** watchLanguage keeps the document's language what the reader chose. */
export function watchLanguage(): void {
  effect(() => {
    document.documentElement.lang = tagOf(language.value)
  })
}

/** LanguageSwitch turns the page at once; without a network it stays in the language that it has. */
export function LanguageSwitch() {
  return (
    <div class="languages">
      {languages.map(({ code, tag, name }) => (
        <button key={code} type="button" lang={tag} aria-pressed={language.value === code} onClick={() => void choose(code).catch(() => undefined)}>
          {name}
        </button>
      ))}
    </div>
  )
}
