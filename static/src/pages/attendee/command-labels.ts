// The labels of an attendee's commands: those of the buttons that give them.
import { t } from '../../shared/words'
import type { CommandLabel } from '../../ui/lost-commands'

export const commandLabel: CommandLabel = (kind) => t(({ requestInterpreter: 'request.call', cancelRequest: 'request.cancel' } as Record<string, string>)[kind] ?? kind)
