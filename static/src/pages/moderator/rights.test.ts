import { test, truth } from '../../testing/check'
import { Rights } from './rights'

test('rights: a runner marks, a zone moderator moves in their zones, the lead everywhere', () => {
  const you = (who: string, more = {}) => new Rights({ who, link: who.replace(':', '-'), name: {}, ...more })
  const runner = you('runner:r1')
  truth(runner.mayIn('markNoShow', 'C') && !runner.may('moveMeeting') && !runner.may('end'), 'runner')
  truth(runner.mayDismiss('runner:r1') && !runner.mayDismiss('moderator:s1'), 'runner reads of their own')
  truth(runner.mayUndo('runner:r1') && !runner.mayUndo('moderator:s1'), 'runner undoes their own')
  const zoned = you('moderator:s2', { zones: ['A'] })
  truth(zoned.mayIn('moveMeeting', 'A') && !zoned.mayIn('moveMeeting', 'B') && zoned.mayIn('moveMeeting', undefined), 'zone')
  truth(!zoned.may('start') && zoned.may('announce'), 'zone moderator and the room')
  const lead = you('moderator:s1', { lead: true })
  truth(lead.mayIn('moveMeeting', 'C') && lead.may('end') && lead.mayUndo('runner:r1'), 'lead')
  truth(you('organiser:o1').may('release'), 'organiser')
  truth(!new Rights(null).may('checkIn') && !you('attendee:k01a').may('checkIn'), 'nobody else')
})
