import type { Figure } from './figures.ts';

const width = 760;
const labelWidth = 330;
const barsWidth = width - labelWidth - 90;
const rowHeight = 20;
const barHeight = 13;

/**
 * Figures as bars, ours first in each group, in a small picture that follows the light or the dark of
 * who looks at it.
 */
export function chartOf(figures: readonly Figure[]): string {
  const parts: string[] = [];
  let y = 8;
  for (const figure of figures) {
    const { name, unit, limit, moreLimits = [], peers } = figure;
    const limits = [...(limit ? [limit] : []), ...moreLimits];
    const bars = [
      { kind: 'ours', label: figure.contender, value: figure.value },
      ...limits.map((one) => ({ kind: 'limit', label: `limit: ${one.name}`, value: one.value })),
      ...peers.map((one) => ({ kind: 'peer', label: one.name, value: one.value })),
    ];
    const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
    parts.push(`<text class="head" x="0" y="${y + 12}">${escaped(`${name}, ${unit}`)}</text>`);
    y += rowHeight;
    for (const { kind, label, value } of bars) {
      const length = Math.max(1, (value / most) * barsWidth);
      parts.push(
        `<text x="${labelWidth - 8}" y="${y + 11}" text-anchor="end">${escaped(label)}</text>` +
          `<rect class="${kind}" x="${labelWidth}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}"/>` +
          `<text x="${(labelWidth + length + 6).toFixed(1)}" y="${y + 11}">${value.toLocaleString('en-GB')}</text>`,
      );
      y += rowHeight;
    }
    y += 10;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}" role="img">
<title>Sotto beside its limits and what people would use instead</title>
<style>
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.head { font-weight: 600 }
.ours { fill: #0b6e4f } .limit { fill: #b8c4cc } .peer { fill: #7a8793 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .ours { fill: #3fb98a } .limit { fill: #4b5660 } .peer { fill: #8b98a5 }
}
</style>
${parts.join('\n')}
</svg>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}
