import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** An image laid into a folder, and how its processes are started. */
export interface LaidImage {
  /** What is `/` in a container. */
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly user: { readonly uid: number; readonly gid: number };
}

interface Stage {
  readonly root: string;
  folder: string;
  readonly env: Record<string, string>;
}

export interface Instruction {
  readonly word: string;
  readonly rest: string;
}

/** The instructions of a Dockerfile, without comments and with their lines joined. */
export function readDockerfile(path: string): Instruction[] {
  return readFileSync(path, 'utf8')
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, word = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
      return { word, rest };
    });
}

/**
 * Does here what a build does with the Dockerfile of `source`, with folders in place of file systems:
 * the same files are copied, and only those that .dockerignore lets through, and the same commands are
 * run. The Node that runs this stands in for the base image.
 *
 * @param folder must be one that every user may enter
 */
export function layImage({ source, folder }: { source: string; folder: string }): LaidImage {
  const stages = new Map<string, Stage>();
  const ignored = readFileSync(join(source, '.dockerignore'), 'utf8');
  const letThrough = Array.from(ignored.matchAll(/^!(.+)$/gm), ([, path = '']) => path);
  let stage: Stage | undefined;
  let entrypoint: string[] = [];
  let user = { uid: 0, gid: 0 };
  const here = (): Stage => {
    if (!stage) throw new Error('Dockerfile: an instruction before FROM');
    return stage;
  };
  const does: Record<string, (rest: string) => void> = {
    FROM(rest) {
      const name = /\bAS (\w+)$/i.exec(rest)?.[1] ?? 'image';
      stage = { root: join(folder, name), folder: '/', env: {} };
      stages.set(name, stage);
      layBase(stage.root);
    },
    WORKDIR(rest) {
      here().folder = rest;
      mkdirSync(join(here().root, rest), { recursive: true });
    },
    COPY(rest) {
      const { root, folder: workdir } = here();
      const [, from, words = ''] = /^(?:--from=(\w+) )?(.*)$/.exec(rest) ?? [];
      const paths = words.split(' ');
      const target = paths.pop() ?? '';
      for (const path of paths) {
        if (from === undefined && !letThrough.includes(path)) {
          throw new Error(`.dockerignore keeps ${path} out`);
        }
        const whence = join(from === undefined ? source : (stages.get(from)?.root ?? ''), path);
        const name = target.endsWith('/') && !statSync(whence).isDirectory() ? basename(path) : '';
        const whither = join(root, workdir, target, name);
        // An earlier stage is not looked at again: to move is quicker.
        if (from !== undefined) renameSync(whence, whither);
        else cpSync(whence, whither, { recursive: true, verbatimSymlinks: true });
      }
    },
    RUN(rest) {
      const { root, folder: workdir } = here();
      // Without root nobody gives files away; everything then belongs to whoever runs this.
      const command = isRoot() ? rest : rest.replaceAll(/-[og] \d+ /g, '');
      const env = { ...process.env, npm_config_prefer_offline: 'true' };
      const program = command.replaceAll(/(?<=^|\s)\/(?=var\/)/g, `${root}/`);
      execFileSync('sh', ['-ec', program], { cwd: join(root, workdir), env, stdio: 'pipe' });
    },
    ENV(rest) {
      for (const [, name = '', value = ''] of rest.matchAll(/(\w+)=(\S+)/g))
        here().env[name] = value;
    },
    USER(rest) {
      const [uid = 0, gid = uid] = rest.split(':').map(Number);
      user = { uid, gid };
    },
    ENTRYPOINT(rest) {
      entrypoint = JSON.parse(rest);
    },
  };
  for (const word of ['ARG', 'LABEL', 'EXPOSE', 'STOPSIGNAL', 'HEALTHCHECK', 'CMD']) {
    does[word] = () => {};
  }
  for (const { word, rest } of readDockerfile(join(source, 'Dockerfile'))) {
    const action = does[word];
    if (!action) throw new Error(`Dockerfile: ${word} is not known here`);
    action(rest);
  }
  const { root, env } = here();
  const inside = (path: string) => (path.startsWith('/app/') ? join(root, path) : path);
  const [, ...args] = entrypoint;
  return { root, env, entrypoint: [join(root, nodePath), ...args.map(inside)], user };
}

const nodePath = 'usr/local/bin/node';

/** As much of the base image as is needed. The Node that runs this may lie where none may enter. */
function layBase(root: string): void {
  mkdirSync(join(root, 'var/lib'), { recursive: true });
  const place = join(root, nodePath);
  mkdirSync(dirname(place), { recursive: true });
  try {
    linkSync(process.execPath, place);
  } catch {
    copyFileSync(process.execPath, place);
  }
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}
