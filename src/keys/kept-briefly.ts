/**
 * Reads once for all who ask within a while. What was read is let go when the while is over, whether or not
 * anybody asks again, and at once when it could not be read.
 */
export function keptBriefly<T>(read: () => Promise<T>, forMs: number): () => Promise<T> {
  let kept: Promise<T> | undefined;
  return () => {
    if (kept) return kept;
    const asked = read();
    kept = asked;
    const letGo = () => {
      if (kept === asked) kept = undefined;
    };
    asked.catch(letGo);
    setTimeout(letGo, forMs).unref();
    return asked;
  };
}
