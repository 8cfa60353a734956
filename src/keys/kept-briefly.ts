/**
 * Reads once for all who ask within a while. What was read is let go when the while is over, whether or not
 * anybody asks again, and at once when it could not be read.
 */
export function keptBriefly<T>(read: () => Promise<T>, forMs: number): () => Promise<T> {
  const one = eachKeptBriefly(read, forMs);
  return () => one('');
}

/** Likewise, of each name. */
export function eachKeptBriefly<T>(
  read: (name: string) => Promise<T>,
  forMs: number,
): (name: string) => Promise<T> {
  const kept = new Map<string, Promise<T>>();
  return (name) => {
    const known = kept.get(name);
    if (known) return known;
    const asked = read(name);
    kept.set(name, asked);
    const letGo = () => {
      if (kept.get(name) === asked) kept.delete(name);
    };
    asked.catch(letGo);
    setTimeout(letGo, forMs).unref();
    return asked;
  };
}
