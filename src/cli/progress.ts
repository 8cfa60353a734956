/** What a long command tells meanwhile. */
export interface Progress {
  /** How far it is, from 0 to 1 where that is known, and what to say beside it. */
  show(state: { readonly share: number | undefined; readonly text: string }): void;
  /** A line that stays. */
  say(line: string): void;
  end(): void;
}

const redrawMs = 100;
const lineEveryMs = 10_000;
const barColumns = 24;

/** A bar that is drawn over and over on a terminal; elsewhere a line every ten seconds. */
export function createProgress(
  stream: NodeJS.WriteStream,
  nowMs: () => number = () => performance.now(),
): Progress {
  const isDrawn = stream.isTTY;
  let shownMs = isDrawn ? Number.NEGATIVE_INFINITY : nowMs();
  let isDrawnOn = false;
  // A terminal that is gone, or a reader that has seen enough, ends nothing that goes on.
  stream.on('error', () => {});
  function clear(): void {
    if (isDrawnOn) stream.write('\r\u001b[2K');
    isDrawnOn = false;
  }
  return {
    show({ share, text }) {
      if (nowMs() - shownMs < (isDrawn ? redrawMs : lineEveryMs)) return;
      shownMs = nowMs();
      const line = share === undefined ? text : `${isDrawn ? bar(share) : percent(share)} ${text}`;
      if (!isDrawn) {
        stream.write(`${line}\n`);
        return;
      }
      clear();
      // One column stays free: a terminal that wrapped would leave a line behind with each redraw.
      // A terminal without a size says 0.
      stream.write(line.slice(0, (stream.columns || 80) - 1));
      isDrawnOn = true;
    },
    say(line) {
      clear();
      stream.write(`${line}\n`);
    },
    end: clear,
  };
}

function bar(share: number): string {
  const done = Math.round(share * barColumns);
  return `[${'#'.repeat(done)}${'.'.repeat(barColumns - done)}] ${percent(share)}`;
}

const percent = (share: number) => `${String(Math.floor(share * 100)).padStart(3)} %`;
