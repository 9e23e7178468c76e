import { encode } from 'uqr'
import { equal, test, truth } from '../../testing/check'
import { pathOf } from './qr'

test('pathOf: the path covers exactly the dark modules', () => {
  const code = encode('https://forum.example/attendee#green-2026.attendee-k03a.mWk9c2Vq7xYt3LhZp5Rb1Nd8', { ecc: 'M', border: 4 })
  const dark = code.data.flat().filter(Boolean).length
  const drawn = [...pathOf(code.data).matchAll(/M(\d+) (\d+)h(\d+)v1h-(\d+)z/g)]
  equal(drawn.reduce((sum, m) => sum + Number(m[3]), 0), dark)
  truth(drawn.every((m) => m[3] === m[4] && code.data[Number(m[2])]![Number(m[1])]!), 'each run begins on a dark module')
  truth(code.data.slice(0, 4).flat().every((on) => !on), 'the quiet zone is there')
})
