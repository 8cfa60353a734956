/** Where the pages stand. None of them holds anything of the link that led there. */
export const paths = {
  landing: '/r',
  /** The first question of a link; the others have addresses of their own. */
  prove: '/prove',
  provePin: '/prove/pin',
  proveBirthDate: '/prove/birth-date',
  provePortal: '/prove/portal',
  provePasskey: '/prove/passkey',
  portalStart: '/portal/start',
  portalReturn: '/portal/return',
  portalKeys: '/portal/jwks.json',
  code: '/code',
  sendCode: '/code/send',
  details: '/details',
  moreTime: '/more-time',
  leave: '/leave',
  left: '/left',
  stop: '/stop',
  stopped: '/stopped',
  held: '/held',
  erase: '/erase',
  check: '/check',
} as const;
