/** Of a test's environment, for processes that it starts: what one of them has compiled none compiles again. */
export const compiledOnce: Readonly<Record<string, string>> = {
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? '',
};
