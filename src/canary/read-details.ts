/** What a page of details says, as its reader has it before them. */
export interface DetailsSeen {
  /** `lang` of the page. */
  readonly language: string | undefined;
  /** That it moved or was cancelled; undefined where nothing is said. */
  readonly notice: string | undefined;
  readonly rows: readonly {
    readonly label: string;
    readonly text: string;
    /** Of a time: `datetime`; of a number to call: where the link leads. */
    readonly machine: string | undefined;
  }[];
}

/** Reads the list of a page of ours, markup left out and escapes undone. */
export function readDetails(html: string): DetailsSeen {
  const notice = /<p class="state[^"]*">([\s\S]*?)<\/p>/.exec(html)?.[1];
  const rows = html.matchAll(/<dt>([\s\S]*?)<\/dt><dd[^>]*>([\s\S]*?)<\/dd>/g);
  return {
    language: /<html lang="([^"]*)"/.exec(html)?.[1],
    notice: notice === undefined ? undefined : textOf(notice),
    rows: Array.from(rows, ([, label = '', value = '']) => ({
      label: textOf(label),
      text: textOf(value),
      machine: /(?:datetime|href)="([^"]*)"/.exec(value)?.[1],
    })),
  };
}

const escapes: Readonly<Record<string, string>> = {
  ...{ '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' },
};

function textOf(markup: string): string {
  return markup
    .replace(/<[^>]*>/g, '')
    .replace(/&(?:lt|gt|quot|#39|amp);/g, (one) => escapes[one] ?? one);
}
