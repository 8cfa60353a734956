import { readStylesheet } from '../stylesheet.ts';

/** The one stylesheet of the pages for operators. */
export const stylesheet = readStylesheet(new URL('./style.css', import.meta.url));
