/** A number with thin spaces between thousands, which no line breaks at. */
export function grouped(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** `1 reminder`, `2 reminders`, `12 000 reminders`. */
export function quantity(number: number, one: string): string {
  return `${grouped(number)} ${one}${number === 1 ? '' : 's'}`;
}
