import { readStylesheet } from '../stylesheet.ts';

/** The one stylesheet of the pages that patients see. */
export const stylesheet = readStylesheet(new URL('./style.css', import.meta.url));
