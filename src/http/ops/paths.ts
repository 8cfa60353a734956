/** Addresses that more than one file of the ops pages names. */
export const paths = {
  overview: '/',
  signIn: '/login',
  signOut: '/logout',
  find: '/find',
  controls: '/controls',
  queues: '/queues',
  log: '/log',
  incidents: '/incidents',
  incident: (id: string) => `/incidents/${id}`,
  closeIncident: (id: string) => `/incidents/${id}/close`,
  appointment: (id: string) => `/appointments/${id}`,
  redrive: '/redrive',
  redriveReminder: (id: string) => `/reminders/${id}/redrive`,
  pause: '/controls/pause',
  resume: '/controls/resume',
} as const;
