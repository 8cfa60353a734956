const queue = '/api/queues/:queueName';
const job = `${queue}/:jobId`;

/** Addresses below `/queues` that show the board's page; the rest of it happens in the browser. */
export const pages = ['/', '/queue/:queueName', '/queue/:queueName/:jobId'] as const;

/** What everybody who is signed in may ask bull-board. */
export const reads = [
  '/api/queues',
  '/api/job-schedulers',
  `${queue}/default-job-options`,
  `${queue}/job-data-schema`,
  job,
  `${job}/logs`,
  `${job}/flow`,
] as const;

/** What operators may have done, all by PUT. Whatever stands neither here nor above is refused. */
export const changes = [
  `${queue}/retry/:queueStatus`,
  `${queue}/clean/:queueStatus`,
  `${job}/retry`,
  `${job}/clean`,
] as const;

export type BoardRoute = (typeof reads)[number] | (typeof changes)[number];
