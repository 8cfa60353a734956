import { describe, expect, it } from 'vitest';
import { guidePage } from '../../src/http/api/docs/guide-page.ts';
import { guideNames, readGuide } from '../../src/http/api/docs/guides.ts';

const pages = new Map(
  await Promise.all(
    guideNames.map(async (name) => [name as string, await guidePage(readGuide(name))] as const),
  ),
);

describe('a guide that a running Sotto serves', () => {
  it.each(guideNames)('%s leads nowhere that is not there', (name) => {
    const page = pages.get(name) ?? '';
    const targets = Array.from(page.matchAll(/href="([^"]+)"/g), ([, href = '']) => href);
    expect(targets.length).toBeGreaterThanOrEqual(guideNames.length);
    for (const target of targets) {
      if (/^(?:https?:\/\/|\/docs$|\/openapi\.json)/.test(target)) continue;
      const [path = '', anchor] = target.split('#', 2);
      const other = path === '' ? page : pages.get(path.replace('/docs/', ''));
      expect(other, `${target} in ${name}`).toBeDefined();
      if (anchor !== undefined) expect(other, target).toContain(`id="${anchor}"`);
    }
  });

  it.each(guideNames)('%s has one title, scrollable tables and nothing but text', (name) => {
    const page = pages.get(name) ?? '';
    expect(page.match(/<h1/g)).toHaveLength(1);
    expect(page).not.toMatch(/<(?:img|script|iframe)\b|\[object/);
    expect(page.match(/<table/g)?.length).toBe(page.match(/<div class="scroll"/g)?.length);
  });
});
