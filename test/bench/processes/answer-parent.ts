/**
 * Tells the parent that this process is ready, and answers what it asks, one question at a time, until it
 * says to stop or has gone: nobody would stop this process any more.
 */
export function answerParent<Question>(
  answer: (question: Question) => Promise<unknown>,
  close: () => Promise<unknown>,
): void {
  process.on('message', async (question: Question) => {
    const answered = await answer(question);
    process.send?.(answered ?? 'done');
  });
  process.once('SIGTERM', async () => {
    await close();
    process.exit(0);
  });
  process.once('disconnect', () => process.exit(1));
  process.send?.('ready');
}
