import { memoryStore } from '../../live/storage'
import { equal, test, truth } from '../../testing/check'
import type { ApiResult } from './api'
import { OwnLink } from './own-link'

/** served is an own link whose server answers with problems, and then with links. */
function served(problems: string[], store = memoryStore()) {
  const ids: string[] = []
  const rotate = async (id: string): Promise<ApiResult<{ url: string }>> => {
    ids.push(id)
    const code = problems.shift()
    return code ? { ok: false, problem: { code }, faults: [] } : { ok: true, value: { url: `https://forum.example/organiser#${ids.length}` } }
  }
  return { own: new OwnLink({ rotate }, store, 'organiser-o1'), ids, store }
}

test('ownLink: shows the new link, and then forgets the id', async () => {
  const { own, ids, store } = served([])
  equal(own.replacement.value, { state: 'none' })
  await own.replace()
  equal(own.replacement.value, { state: 'done', url: 'https://forum.example/organiser#1' })
  equal([own.replaced.value, own.pending, store.keys('mf.')], [1, false, []])
  await own.replace()
  truth(ids[0] !== ids[1], 'another replacement has the same id')
})

test('ownLink: sends the same id until an answer comes, also after a reload', async () => {
  const { own, ids, store } = served(['unreachable', 'unavailable'])
  await own.replace()
  equal(own.replacement.value, { state: 'unknown', problem: { code: 'unreachable' } })
  await own.replace()
  equal([own.replacement.value.state, own.pending, own.replaced.value], ['unknown', true, 0])
  const reloaded = served([], store)
  equal(reloaded.own.replacement.value.state, 'unknown')
  await reloaded.own.replace()
  equal([reloaded.own.replacement.value.state, ids[1], reloaded.ids[0]], ['done', ids[0], ids[0]])
})

test('ownLink: one request at a time', async () => {
  const { own, ids } = served([])
  await Promise.all([own.replace(), own.replace()])
  equal(ids.length, 1)
})

test('ownLink: a session that is over asks no more', async () => {
  const { own } = served(['unavailable', 'signed_out'])
  await own.replace()
  await own.replace()
  equal([own.replacement.value.state, own.pending], ['signedOut', false])
})
