import { readAsset } from '../asset.ts';

/** The one script of the pages that patients see, on those with a button for passkeys. */
export const passkeyScript = readAsset(new URL('./passkey.js', import.meta.url), '/passkey.js');
