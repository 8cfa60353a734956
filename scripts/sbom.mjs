/**
 * Writes the bill of materials of what runs, as CycloneDX JSON made by npm from the lock file:
 *
 *     npm run sbom                # sbom.cdx.json
 *     npm run sbom -- other.json
 *
 * It lists what the image installs: no tools for development, no optional packages. Plain JavaScript,
 * on any Node from 18, without node_modules.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [target = join(root, 'sbom.cdx.json')] = process.argv.slice(2);

const made = spawnSync('npm', ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
});
if (made.status !== 0) {
  console.error(made.stderr || 'npm sbom did not run: it needs npm 10 or newer');
  process.exit(1);
}
const bill = JSON.parse(made.stdout);
const { name, packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
// Left out here: npm's own `--omit` also leaves out what a tool for development shares with what runs.
const runs = new Set(
  Object.entries(packages)
    .filter(([path, { dev, optional, devOptional }]) => path && !(dev || optional || devOptional))
    .map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`),
);
bill.components = bill.components.filter((one) => runs.has(`${one.name}@${one.version}`));
const listed = new Set([...bill.components, bill.metadata.component].map((one) => one['bom-ref']));
bill.dependencies = bill.dependencies
  .filter(({ ref }) => listed.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn?.filter((to) => listed.has(to)) }));
// npm names it after the folder that it lies in.
bill.metadata.component.name = name;
bill.metadata.component.type = 'application';
writeFileSync(target, `${JSON.stringify(bill, null, 2)}\n`);
console.log(`${basename(target)}: ${bill.components.length} packages`);
