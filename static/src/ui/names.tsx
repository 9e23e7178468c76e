import type { Text } from '../shared/cards'
import { bothNames, named, t } from '../shared/words'

/** CompanyName is a company's name for the reader, and beneath it in the company's own script. */
export function CompanyName({ name, country }: { name: Text; country?: string }) {
  return (
    <span class="names">
      {bothNames(name, country).map(({ text, lang }) => (
        <span key={lang} lang={lang}>{text}</span>
      ))}
    </span>
  )
}

/** Name is one name in the reader's language or the first that is given. */
export function Name({ of }: { of: Text | undefined }) {
  const { text, lang } = named(of)
  return <span lang={lang}>{text}</span>
}

/** ScreenReaderText is for the ear only: what the eye sees by place, strokes or colour. */
export const ScreenReaderText = ({ children }: { children: string }) => <span class="quiet">{children} </span>

/** TableNumber is the largest thing of a page: what the table's sign says. */
export function TableNumber({ label = '' }: { label: string | undefined }) {
  return (
    <>
      <ScreenReaderText>{t('word.tableSign')}</ScreenReaderText>
      <span class={'table-number' + (label.length > 3 ? ' long' : '')}>{label}</span>
    </>
  )
}

/** CompanyPair is a meeting's two sides on one line, each in the reader's language. */
export function CompanyPair({ host, guest }: { host: Text; guest: Text }) {
  return <><Name of={host} /> × <Name of={guest} /></>
}
