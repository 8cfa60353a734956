#!/usr/bin/env node
/** The `sotto` command. Plain JavaScript, because it may be started by a Node that is too old. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const nodeMajor = 26;
/** As in src/cli/exit-codes.ts, which may not be there: a mail server loses a message for anything but 75. */
const failedCode = process.argv[2] === 'bounce' ? 75 : 1;
const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url));

if (Number(process.versions.node.split('.')[0]) >= nodeMajor) {
  process.argv[1] = cli;
  await import(cli).catch(giveUp);
} else {
  runWith(bundledNode());
}

function runWith(node) {
  if (!node) {
    console.error(
      `Sotto needs Node ${nodeMajor}, this is ${process.version}, and the one that Sotto brings is not installed: run npm ci --include=optional.`,
    );
    process.exit(failedCode);
  }
  const child = spawn(node, [cli, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => child.kill(signal));
  }
  child.once('error', giveUp);
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code === 1 ? failedCode : code);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

/** As while packages are being installed anew. An error's own words may repeat what a file holds. */
function giveUp({ code, name }) {
  console.error(
    `Sotto could not be started (${code ?? name}). Where packages are missing: npm ci.`,
  );
  process.exit(failedCode);
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
