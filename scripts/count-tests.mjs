import { writeFileSync } from 'node:fs';

/** Counts each test by its outcome, and what kept tests from running, for the last line of `npm test`. */
export default class CountTests {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: 0, skipped: 0, broken: unhandledErrors.length };
    for (const module of modules) {
      counts.broken += module.errors().length;
      for (const suite of module.children.allSuites()) counts.broken += suite.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        counts[state === 'passed' || state === 'failed' ? state : 'skipped'] += 1;
      }
    }
    writeFileSync(process.env.SOTTO_TEST_COUNTS, JSON.stringify(counts));
  }
}
