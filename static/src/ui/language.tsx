import { effect } from '@preact/signals-core'
import { choose, language, languages, tagOf } from '../shared/words'

/** watchLanguage sets the document's language to the chosen one. */
export function watchLanguage(): void {
  effect(() => {
    document.documentElement.lang = tagOf(language.value)
  })
}

/** LanguageSwitch changes the language; without a network it stays if the other one is not loaded. */
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
