import type { Text } from '../shared/cards'
import { bothNames, named, t } from '../shared/words'

/** CompanyName shows a company's name for the reader, and below it in the company's own script. */
export function CompanyName({ name, country }: { name: Text; country?: string }) {
  return (
    <span class="names">
      {bothNames(name, country).map(({ text, lang }) => (
        <span key={lang} lang={lang}>{text}</span>
      ))}
    </span>
  )
}

/** Name shows one name in the reader's language or the first that it has. */
export function Name({ of }: { of: Text | undefined }) {
  const { text, lang } = named(of)
  return <span lang={lang}>{text}</span>
}

/** ScreenReaderText is for what the eye sees by place, strokes or colour. */
export const ScreenReaderText = ({ children }: { children: string }) => <span class="quiet">{children} </span>

/** TableNumber shows the label of the table's sign, the largest text of a page. */
export function TableNumber({ label = '' }: { label: string | undefined }) {
  return (
    <>
      <ScreenReaderText>{t('word.tableSign')}</ScreenReaderText>
      <span class={'table-number' + (label.length > 3 ? ' long' : '')}>{label}</span>
    </>
  )
}

/** CompanyPair shows a meeting's two companies on one line, each in the reader's language. */
export function CompanyPair({ host, guest }: { host: Text; guest: Text }) {
  return <><Name of={host} /> × <Name of={guest} /></>
}
