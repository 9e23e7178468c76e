import { choose, language } from '../../shared/words'
import { equal, test } from '../../testing/check'
import { commandLabel } from './command-labels'

test('interpreter command-labels: each command has a label, without the object that the catalog names', async () => {
  const before = language.value
  await choose('en')
  equal(['claimRequest', 'setOut', 'setDuty'].map(commandLabel), ['Request taken', 'On the way', 'Duty'])
  await choose('zh')
  equal(commandLabel('arrive'), '口译已到')
  await choose(before)
})
