import { choose, language } from '../../shared/words'
import { equal, test } from '../../testing/check'
import { commandLabel } from './command-labels'

test('attendee command-labels: each command has the label of its button, an unknown one its name', async () => {
  const before = language.value
  await choose('en')
  equal(['requestInterpreter', 'cancelRequest', 'later'].map(commandLabel), ['Call an interpreter', 'Cancel request', 'later'])
  await choose(before)
})
