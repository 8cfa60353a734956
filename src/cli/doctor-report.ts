import {
  counted,
  type Finding,
  groupOf,
  groups,
  type Severity,
  severities,
} from '../doctor/finding.ts';

const marks: Record<Severity, { symbol: string; word: string }> = {
  problem: { symbol: '✖', word: 'problem' },
  warning: { symbol: '!', word: 'warning' },
  fine: { symbol: '✔', word: 'fine' },
};

/**
 * Findings for a person: what is wrong first, each with what to do, then what is well, by group, then a
 * count.
 *
 * @param options.symbols marks instead of words, for a terminal
 */
export function formatReport(
  findings: readonly Finding[],
  { symbols }: { symbols: boolean },
): string {
  const marked = (severity: Severity, text: string) =>
    `${symbols ? marks[severity].symbol : `${marks[severity].word}:`} ${text}`;
  const of = (severity: Severity) => findings.filter((each) => each.severity === severity);
  const ill = [...of('problem'), ...of('warning')].flatMap(({ check, severity, text, mend }) => [
    marked(severity, `[${groupOf(check)}] ${text}`),
    ...(mend ? [`    ${symbols ? '→' : 'do:'} ${mend}`] : []),
    '',
  ]);
  const well = groups.flatMap((group) => {
    const lines = of('fine').filter(({ check }) => groupOf(check) === group);
    return lines.length > 0
      ? [marked('fine', group), ...lines.map(({ text }) => `    ${text}`), '']
      : [];
  });
  return [...ill, ...well, countsOf(findings)].join('\n');
}

function countsOf(findings: readonly Finding[]): string {
  const counts = severities.map((severity) => {
    const count = findings.filter((each) => each.severity === severity).length;
    return severity === 'fine' ? `${count} fine` : counted(count, severity);
  });
  return `${counts.join(', ')}.`;
}
