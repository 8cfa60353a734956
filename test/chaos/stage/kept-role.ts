import { setTimeout as wait } from 'node:timers/promises';
import { type RoleProcess, startRoleProcess } from '../../support/worker-process.ts';

type Role = Parameters<typeof startRoleProcess>[0];

/** One line that a process has logged. */
export interface LogLine {
  readonly role: string;
  readonly level: string;
  readonly msg: string;
  readonly code?: string;
}

/** A process of a role that is started again whenever it dies, as a supervisor would. */
export interface KeptRole {
  readonly role: Role;
  /** Resolves when the one that runs now, or is being started, takes work. */
  ready(): Promise<void>;
  /** Whether one takes work, was killed and has no successor yet, or is on its way up or down. */
  state(): 'up' | 'killed' | 'away';
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
  /** SIGKILL, and resolves when it is dead; the next one starts once `meanwhile` is done. */
  kill(meanwhile?: () => Promise<void>): Promise<void>;
  /** SIGTERM; starts the next one. @returns the exit code, and how long it took to end */
  end(): Promise<{ code: number | null; tookMs: number }>;
  /** Stops it for good. */
  stop(): Promise<void>;
}

export interface KeptRoleOptions {
  readonly role: Role;
  readonly environment: Record<string, string>;
  readonly onLine: (line: LogLine) => void;
  /** Told of an end that nobody asked for. */
  readonly onUnexpectedEnd: (role: Role, code: number | null) => void;
  /** Another script that runs the role. */
  readonly script?: string | undefined;
}

/** Before the next try, when one did not come up: what it stands on may be away, but not for ever. */
const againMs = 300;
const triesMax = 60;
/** As pino writes it. */
const errorLevel = 50;

export function keepRole(options: KeptRoleOptions): KeptRole {
  const { role, environment, script, onLine } = options;
  let isStopping = false;
  let isAwaited = false;
  let state: ReturnType<KeptRole['state']> = 'away';
  let failures = 0;
  let lastWords = '';
  let current = launch();

  function launch(): { process: RoleProcess; ready: Promise<void> } {
    state = 'away';
    const started = startRoleProcess(role, environment, {
      ...(script && { from: script }),
      onLine(text) {
        lastWords = text;
        onLine({ role, ...parse(text) });
      },
    });
    const ready = started.ready.catch(async (error: unknown) => {
      if (isStopping || isAwaited) return;
      failures += 1;
      if (failures > triesMax) {
        throw new Error(`no ${role} comes up any more: ${lastWords}`, { cause: error });
      }
      await wait(againMs);
      current = launch();
      await current.ready;
    });
    // Whoever waits for it is told; nobody may be waiting just now.
    ready.catch(() => {});
    started.ready.then(
      () => {
        failures = 0;
        if (!isStopping && !isAwaited) state = 'up';
        return started.gone.then((code) => {
          if (isStopping || isAwaited || current.process !== started) return;
          options.onUnexpectedEnd(role, code);
          current = launch();
        });
      },
      () => {},
    );
    return { process: started, ready };
  }

  return {
    role,
    ready: () => current.ready,
    state: () => state,
    signal: (name) => current.process.signal(name),
    async kill(meanwhile = async () => {}) {
      isAwaited = true;
      state = 'killed';
      const { process: victim } = current;
      victim.signal('SIGKILL');
      await victim.gone;
      await meanwhile().finally(() => {
        isAwaited = false;
        current = launch();
      });
    },
    async end() {
      await current.ready;
      isAwaited = true;
      state = 'away';
      const toldAt = performance.now();
      const { process: leaving } = current;
      leaving.signal('SIGTERM');
      // One that is frozen would hear of nothing.
      leaving.signal('SIGCONT');
      const code = await leaving.gone;
      const tookMs = performance.now() - toldAt;
      isAwaited = false;
      current = launch();
      return { code, tookMs };
    },
    async stop() {
      isStopping = true;
      state = 'away';
      current.process.signal('SIGCONT');
      current.process.signal('SIGTERM');
      const late = setTimeout(() => current.process.signal('SIGKILL'), 12_000);
      await current.process.gone;
      clearTimeout(late);
    },
  };
}

function parse(text: string): Omit<LogLine, 'role'> {
  try {
    const { level, msg, code } = JSON.parse(text);
    return {
      level: level === errorLevel ? 'error' : 'other',
      msg: String(msg),
      ...(code && { code: String(code) }),
    };
  } catch {
    return { level: 'unreadable', msg: text };
  }
}
