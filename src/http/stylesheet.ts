import { type Asset, readAsset } from './asset.ts';

export function readStylesheet(file: URL): Asset {
  return readAsset(file, '/style.css');
}
