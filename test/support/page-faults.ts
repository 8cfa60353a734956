import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

/** The axe that the listed package brings along. */
const beside = createRequire(createRequire(import.meta.url).resolve('@axe-core/playwright'));
const axe = readFileSync(beside.resolve('axe-core/axe.min.js'), 'utf8');

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const everyRule = JSON.stringify({ type: 'tag', values: tags });
const contrastAlone = JSON.stringify(['color-contrast']);

/** Runs in the page. */
const violations = (rules: string) => `axe
  .run({ runOnly: ${rules}, resultTypes: ['violations'] })
  .then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html)))`;

/** Puts axe into every page that comes after; anew for each look, it would take longer than looking. */
export async function prepareLooks(page: Page): Promise<void> {
  await page.addInitScript({ content: axe });
}

/**
 * Looks at a page as it is, in light, then at its contrast in dark, and whether it is too wide.
 *
 * @returns what is wrong with it: rules with the markup that breaks them
 */
export async function faultsOf(page: Page): Promise<string[]> {
  await page.emulateMedia({ colorScheme: 'light' });
  const light = await page.evaluate<string[]>(violations(everyRule));
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await page.evaluate<string[]>(violations(contrastAlone));
  const width = await page.evaluate<number>('document.documentElement.scrollWidth');
  const most = page.viewportSize()?.width ?? 0;
  return [
    ...light,
    ...dark.map((fault) => `in dark, ${fault}`),
    ...(width > most ? [`${width} pixels wide`] : []),
  ];
}
