#!/usr/bin/env node
/** The `sotto` command. Plain JavaScript, because it may be started by a Node that is too old. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const nodeMajor = 26;
const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url));

if (Number(process.versions.node.split('.')[0]) >= nodeMajor) {
  process.argv[1] = cli;
  await import(cli);
} else {
  runWith(bundledNode());
}

function runWith(node) {
  if (!node) {
    console.error(
      `Sotto needs Node ${nodeMajor}, this is ${process.version}, and the one that Sotto brings is not installed: run npm ci --include=optional.`,
    );
    process.exit(1);
  }
  const child = spawn(node, [cli, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => child.kill(signal));
  }
  child.once('error', (error) => {
    console.error(`Sotto could not be started: ${error.message}`);
    process.exit(1);
  });
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

/** The platform package may lie beside this package or above it. */
function bundledNode() {
  const require = createRequire(import.meta.url);
  const { platform, arch } = process;
  for (const name of [`node-${platform}-${arch}`, `node-bin-${platform}-${arch}`]) {
    try {
      const node = join(dirname(require.resolve(`${name}/package.json`)), 'bin', 'node');
      if (existsSync(node)) return node;
    } catch {
      // Not installed; the next name, or none.
    }
  }
  return undefined;
}
