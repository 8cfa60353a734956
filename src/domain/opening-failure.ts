/** Why what was sealed for a reminder could not be made into its message. */
export type OpeningFailure =
  | 'no_parcel'
  | 'no_key'
  | 'key_unreadable'
  | 'no_link_key'
  | 'no_opt_out_url'
  | 'cannot_open'
  | 'LEAK_GUARD';
