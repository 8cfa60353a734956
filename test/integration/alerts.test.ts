import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { silentMaxS } from '../../src/domain/duty-silence.ts';
import { findProgram } from '../support/find-program.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook_url: string };
}

const { groups } = parse(read('deploy/alerts.yml')) as { groups: { rules: Alert[] }[] };
const alerts = groups.flatMap(({ rules }) => rules);

describe('the alerts', () => {
  it('come when they should and stay away when they should', () => {
    const promtool = findProgram('promtool');
    const said = execFileSync(promtool, ['test', 'rules', 'alerts.test.yml'], {
      cwd: join(root, 'deploy'),
      encoding: 'utf8',
    });
    expect(said).toContain('SUCCESS');
    const tested = read('deploy/alerts.test.yml');
    for (const { alert } of alerts) {
      expect(tested, alert).toMatch(new RegExp(`alertname: ${alert}\\n +exp_alerts`));
    }
  });

  it('miss every duty that may fall silent', () => {
    const { expr = '' } = alerts.find(({ alert }) => alert === 'DutySilent') ?? {};
    const asked = Array.from(expr.matchAll(/duty=~"([^"]+)"/g), ([, names = '']) =>
      names.split('|'),
    );
    // CanarySilent and RetentionNotRun ask for what these do.
    expect(asked.flat().concat('canary', 'retire').sort()).toEqual(Object.keys(silentMaxS).sort());
  });

  it.each(alerts)(
    '$alert has a runbook that says whom it hurts, where to look and what to do',
    (one) => {
      const anchor = one.alert.toLowerCase();
      expect(one.annotations.runbook_url).toMatch(new RegExp(`/docs/operations#${anchor}$`));
      const [, section = ''] = read('docs/operations.md').split(`\n### ${one.alert}\n`);
      const [runbook = ''] = section.split('\n##');
      for (const part of ['**Patients', '**Look**', '**Do']) expect(runbook).toContain(part);
      expect(['page', 'ticket']).toContain(one.labels.severity);
    },
  );

  it('ask for metrics that are measured', () => {
    const measured = ['ops-metrics', 'doubt-metrics']
      .map((name) => read(`src/telemetry/${name}.ts`))
      .join('\n');
    const asked = alerts.flatMap(({ expr }) =>
      Array.from(expr.matchAll(/\bsotto_([a-z_]+)/g), ([, name = '']) => name),
    );
    expect(asked.length).toBeGreaterThan(alerts.length);
    expect(asked.filter((name) => !measured.includes(`'${name}'`))).toEqual([]);
  });
});
