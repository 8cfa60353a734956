import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where scripts/find-program.mjs unpacks it. */
const unpacked = fileURLToPath(
  new URL('../../node_modules/.cache/sotto-promtool/usr/bin/promtool', import.meta.url),
);

/** What `promtool check metrics` says of a text: nothing when all is well, undefined without promtool. */
export function promtoolComplaints(text: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const programs = [...folders.map((folder) => join(folder, 'promtool')), unpacked];
  const program = programs.find((path) => existsSync(path));
  if (!program) return undefined;
  const { stdout, stderr } = spawnSync(program, ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  return `${stdout}${stderr}`.trim();
}

export interface ParsedMetric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** By name and labels as written. */
  readonly samples: ReadonlyMap<string, number>;
}

const sampleLine = /^([a-z_]+)(\{(?:[a-z_]+="[^"\\\n]*",?)*\})? (-?[\d.e+-]+)$/;

/**
 * Reads the text format strictly: each metric once, with its help and type before its samples.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
 */
export function parseMetrics(text: string): Map<string, ParsedMetric> {
  const metrics = new Map<string, ParsedMetric & { samples: Map<string, number> }>();
  for (const block of text.trim().split('\n\n')) {
    const [help = '', type = '', ...lines] = block.split('\n');
    const [, name = '', words = ''] = /^# HELP ([a-z_]+) (.+)$/.exec(help) ?? [];
    const [, typed, kind = ''] = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/.exec(type) ?? [];
    if (!name || typed !== name || metrics.has(name)) throw new Error(`no metric: ${help}`);
    const samples = new Map<string, number>();
    for (const line of lines) {
      const [, sample = '', labels = '', value] = sampleLine.exec(line) ?? [];
      const isOwn = sample === name || (kind === 'histogram' && sample.startsWith(`${name}_`));
      if (!isOwn || samples.has(sample + labels)) throw new Error(`no sample of ${name}: ${line}`);
      samples.set(sample + labels, Number(value));
    }
    metrics.set(name, { name, type: kind, help: words, samples });
  }
  return metrics;
}
