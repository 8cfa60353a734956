import type { Scene } from '../chaos/scenario.ts';
import { canaryForms, findCanaries } from '../support/canaries.ts';
import {
  keepEverything,
  type RedisFind,
  readBacklog,
  readFolder,
  readRedisFiles,
  readRedisKeys,
} from '../support/redis-hunt.ts';
import type { RedisServer } from '../support/redis-process.ts';

/** What a booking system put, and what went out because of it. */
const practitioner = 'Dr Example';
const pin = '482913';
const tokenIn = /\/([A-Za-z0-9_-]{68})(?=\s|$)/;

/** Looks for what is personal in all that several servers of Redis hold, tell each other and write down. */
export function createRedisThief(servers: readonly RedisServer[]) {
  let looked = 0;

  function formsOf({ stage, bookings }: Scene) {
    const canaries: Record<string, string | Buffer> = { practitioner, pin };
    for (const { contact } of bookings.all) {
      canaries[contact] = contact.replace(/^\+/, '');
    }
    for (const { to, text } of [...stage.phones.accepted, ...stage.mail.taken]) {
      const [, token = ''] = tokenIn.exec(text.replaceAll('=\r\n', '')) ?? [];
      if (token === '') throw new Error('a message without a link');
      canaries[`link to ${to}`] = token;
      canaries[`S to ${to}`] = Buffer.from(token.slice(1, 25), 'base64url');
    }
    return canaryForms(canaries);
  }

  async function hunt(
    scene: Scene,
    read: (server: RedisServer) => Promise<RedisFind[]>,
  ): Promise<string[]> {
    const forms = formsOf(scene);
    const all = (await Promise.all(servers.map(read))).flat();
    looked += all.reduce((sum, [, content]) => sum + content.length, 0);
    return all.flatMap(([where, content]) =>
      findCanaries(forms, content).map((name) => `${where}: ${name}`),
    );
  }

  const places = { keys: readRedisKeys, backlogs: readBacklog, files: readRedisFiles };
  return {
    /** Before anything is written, and after a server came back with nothing. */
    async begin(): Promise<void> {
      for (const server of servers) await keepEverything(server);
    },
    /** What lies on all disks now, that of one that was killed included. */
    inFolders: (scene: Scene) => hunt(scene, ({ admin }) => readFolder(admin)),
    /** Everywhere; then what is planted with whoever takes it is found in each kind of place. */
    async everywhere(scene: Scene): Promise<string[]> {
      const faults: string[] = [];
      for (const [place, read] of Object.entries(places)) {
        for (const found of await hunt(scene, read)) faults.push(`in the ${place}, ${found}`);
      }
      for (const { admin } of servers) {
        // A replica, or one that has other slots, refuses it.
        await admin.set(`{sotto}planted ${practitioner}`, practitioner).catch(() => {});
      }
      for (const [place, read] of Object.entries(places)) {
        if ((await hunt(scene, read)).length === 0) faults.push(`nothing is found in the ${place}`);
      }
      return faults;
    },
    bytesRead: () => looked,
  };
}
