import { readFileSync } from 'node:fs';

const files = {
  integrators: 'docs/integrators.md',
  'command-line': 'docs/command-line.md',
  'front-desk': 'docs/front-desk.md',
  operations: 'docs/operations.md',
  scaling: 'docs/scaling.md',
  capacity: 'docs/capacity.md',
  'data-protection': 'docs/data-protection.md',
  security: 'SECURITY.md',
} as const;

/** What the pages beside the API's own description are called in their addresses. */
export type GuideName = keyof typeof files;
export const guideNames = Object.keys(files) as readonly GuideName[];

export interface Guide {
  readonly name: GuideName;
  /** Its file, seen from the project's folder. */
  readonly file: string;
  readonly title: string;
  readonly markdown: string;
}

/** Reads a guide as it lies in the project: one text, for the repository and for a running Sotto. */
export function readGuide(name: GuideName): Guide {
  const file = files[name];
  const markdown = readFileSync(new URL(`../../../../${file}`, import.meta.url), 'utf8');
  const title = /^# (.+)$/m.exec(markdown)?.[1] ?? name;
  return { name, file, title, markdown };
}

export function isGuideName(name: string): name is GuideName {
  return Object.hasOwn(files, name);
}

/** The guide that a file of the project is, or undefined for one that is not served. */
export function guideOfFile(file: string): GuideName | undefined {
  return guideNames.find((name) => files[name] === file);
}
