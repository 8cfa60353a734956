/** Addresses that more than one file of the ops pages names. */
export const paths = {
  overview: '/',
  signIn: '/login',
  signOut: '/logout',
  find: '/find',
  controls: '/controls',
  queues: '/queues',
  log: '/log',
} as const;
