/** Where an event stands in the order of reading. Both are unsigned integers in decimal. */
export interface EventPosition {
  readonly transactionId: string;
  readonly id: string;
}
