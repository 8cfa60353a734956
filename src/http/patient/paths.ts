/** Where the pages stand. None of them holds anything of the link that led there. */
export const paths = {
  landing: '/r',
  prove: '/prove',
  details: '/details',
  moreTime: '/more-time',
  leave: '/leave',
  left: '/left',
  check: '/check',
} as const;
