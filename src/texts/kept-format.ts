/** More languages and time zones than one deployment sees in a day. */
const formatsMax = 100;

/** Makes a format of `Intl` once for each locale and zone: making one costs five to ten times its use. */
export function keptFormat<Names extends readonly string[], Format>(
  make: (...names: Names) => Format,
): (...names: Names) => Format {
  const kept = new Map<string, Format>();
  return (...names) => {
    const name = names.join(' ');
    const known = kept.get(name);
    if (known) return known;
    if (kept.size >= formatsMax) kept.clear();
    const format = make(...names);
    kept.set(name, format);
    return format;
  };
}
