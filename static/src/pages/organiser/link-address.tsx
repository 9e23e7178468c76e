// The address of a personal link: as a QR code, to copy, and to open.
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { t } from '../../shared/words'
import { Qr } from './qr'

/** LinkAddress shows an address; children are further actions below it. */
export function LinkAddress({ url, name, children }: { url: string; name: string; children?: ComponentChildren }) {
  const copied = useSignal(false)
  const copy = async () => {
    copied.value = await copyToClipboard(url)
  }
  return (
    <div class="link-whole">
      <Qr text={url} label={t('org.qrOf', { name })} />
      <div class="link-acts">
        <input type="text" readOnly aria-label={t('org.address')} value={url} onFocus={(event) => event.currentTarget.select()} />
        <div class="org-buttons">
          <button type="button" class="button small" onClick={() => void copy()}>{t(copied.value ? 'org.copied' : 'org.copy')}</button>
          <a class="button small" href={url} target="_blank" rel="noopener noreferrer">{t('org.open')}</a>
        </div>
        {children}
      </div>
    </div>
  )
}

/**
 * copyToClipboard reports whether it copied a text. Over plain HTTP there is no clipboard; the
 * address can be copied by hand.
 */
async function copyToClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
