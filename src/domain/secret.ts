const held = '[sealed]';

/**
 * A value that must not be printed: a link secret, a PIN, a phone number, what an appointment says.
 *
 * Every way a runtime turns a value into text (string conversion, JSON, `util.inspect`, `console`)
 * gives `[sealed]`. The one way in is `reveal()`, which is easy to find in a review.
 */
export class Secret<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return held;
  }

  toJSON(): string {
    return held;
  }

  [Symbol.toPrimitive](): string {
    return held;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return held;
  }
}
