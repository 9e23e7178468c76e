// The labels of an interpreter's commands: the moderators' words for them, without the object.
import { t } from '../../shared/words'
import type { CommandLabel } from '../../ui/lost-commands'

const words: Record<string, string> = {
  claimRequest: 'mod.done.claimRequest',
  setOut: 'mod.done.setOut',
  arrive: 'mod.done.arrive',
  releaseRequest: 'mod.done.releaseRequest',
  setDuty: 'mod.done.setDuty',
}

export const commandLabel: CommandLabel = (kind) => t(words[kind] ?? kind).replace(/[:：]?\s*\{of\}/, '')
