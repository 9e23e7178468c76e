// A minimal test framework for the pages: tests, an equality, and a report that the Go side reads
// from window.testReport.

interface Test {
  name: string
  run: () => void | Promise<void>
}

export interface Report {
  passed: number
  failed: { name: string; why: string }[]
}

const tests: Test[] = []

export function test(name: string, run: () => void | Promise<void>): void {
  tests.push({ name, run })
}

/** equal compares two values as JSON; a value without JSON counts as absent. */
export function equal(got: unknown, want: unknown, what = ''): void {
  const [a, b] = [JSON.stringify(sorted(got)), JSON.stringify(sorted(want))]
  if (a !== b) throw new Error(`${what ? what + ': ' : ''}got ${a}, want ${b}`)
}

export function truth(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

/** sorted orders an object's names, so that their order does not matter. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const from = value as Record<string, unknown>
  return Object.fromEntries(Object.keys(from).sort().map((name) => [name, sorted(from[name])]))
}

export async function runTests(): Promise<void> {
  const report: Report = { passed: 0, failed: [] }
  for (const { name, run } of tests) {
    try {
      await run()
      report.passed++
    } catch (error) {
      report.failed.push({ name, why: error instanceof Error ? error.message : String(error) })
    }
  }
  for (const { name, why } of report.failed) console.log(`FAIL ${name}: ${why}`)
  console.log(`${report.passed} passed, ${report.failed.length} failed`)
  const root = globalThis as { testReport?: Report; document?: Document }
  root.testReport = report
  if (root.document?.body) root.document.body.dataset.tests = report.failed.length ? 'failed' : 'passed'
}
