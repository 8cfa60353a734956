import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A stand-in for Vault's HTTP API: KV version 2, policies, sealing; written from its documentation.
 *
 * @see https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
 * @see https://developer.hashicorp.com/vault/docs/concepts/policies
 */
export interface VaultServer {
  readonly url: string;
  /** Token of everything. */
  readonly root: string;
  /** A token with the policies given, as their HCL; it lives for an hour unless said. */
  issue(policy: string, token?: { readonly ttlS?: number; readonly names?: string[] }): string;
  revoke(token: string): void;
  seal(isSealed: boolean): void;
  /** Answers nothing more until told otherwise, or answers something else. */
  behave(way: 'well' | 'silent' | 'broken' | 'elsewhere' | 'no-vault' | 'upgrading'): void;
  deleteVersionAfter(isSet: boolean): void;
  /** Latest versions that are there, by path below the mount. */
  readonly secrets: ReadonlyMap<string, Secret>;
  /** Method and path of each request. */
  readonly asked: string[];
  /** All that it was ever sent or has answered, for a search. */
  traffic(): string;
  close(): Promise<void>;
}

interface Secret {
  versions: { data: unknown; createdAt: string; isDeleted: boolean }[];
}

const mount = 'secret';

export async function startVaultServer({ version = '2' } = {}): Promise<VaultServer> {
  const secrets = new Map<string, Secret>();
  const policies = new Map<string, Map<string, string[]> | 'root'>([['root-token', 'root']]);
  const tokens = new Map<string, { ttl: number; policies: string[] }>();
  const asked: string[] = [];
  const held: ServerResponse[] = [];
  let way: Parameters<VaultServer['behave']>[0] = 'well';
  let isSealed = false;
  let selfDeletes = false;
  let traffic = '';

  const server = createServer(async (request, response) => {
    const body = await textOf(request);
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://vault');
    const path = decodeURIComponent(pathname).replace(/^\/v1\//, '');
    asked.push(`${request.method} ${path}`);
    traffic += `${request.method} ${path} ${body}\n`;
    if (way === 'silent') {
      held.push(response);
      return;
    }
    const answer = (status: number, content?: unknown) => {
      const text = content === undefined ? '' : JSON.stringify(content);
      traffic += `${text}\n`;
      response.writeHead(status, { 'content-type': 'application/json' }).end(text);
    };
    const errors = (status: number, ...texts: string[]) => answer(status, { errors: texts });
    if (way === 'broken') return errors(500, 'internal error with a secret in it');
    if (way === 'upgrading') return errors(400, 'Upgrading from non-versioned to versioned data.');
    if (way === 'no-vault') return response.end('<html>welcome</html>');
    if (way === 'elsewhere')
      return response.writeHead(307, { location: 'http://127.0.0.1:9/' }).end();
    if (isSealed) return errors(503, 'Vault is sealed');
    const policy = policies.get(String(request.headers['x-vault-token']));
    if (!policy) return errors(403, 'permission denied', 'invalid token');
    const may = (at: string, right: string) =>
      rightsAt(policy, at).some((one) => one === right || one === 'root');

    if (path === 'sys/capabilities-self') {
      if (!may(path, 'update')) return errors(403, 'permission denied');
      const { paths } = JSON.parse(body) as { paths: string[] };
      const found = paths.map((at) => {
        const rights = rightsAt(policy, at);
        return [at, rights.length > 0 ? rights : ['deny']];
      });
      return answer(200, { data: Object.fromEntries(found) });
    }
    if (path === 'auth/token/lookup-self') {
      if (!may(path, 'read')) return errors(403, 'permission denied');
      const known = tokens.get(String(request.headers['x-vault-token']));
      return answer(200, {
        data: { ...(known ?? { ttl: 0, policies: ['root'] }), identity_policies: null },
      });
    }
    if (path === 'auth/token/renew-self') return answer(200, { auth: { renewable: true } });
    if (path.startsWith(`sys/internal/ui/mounts/${mount}/`)) {
      return answer(200, { data: { type: 'kv', options: { version }, path: `${mount}/` } });
    }
    const [, kind, name] = /^secret\/(data|metadata)\/(.+)$/.exec(path) ?? [];
    if (!kind || !name) return errors(404);
    const secret = secrets.get(name);
    const method = searchParams.get('list') === 'true' ? 'LIST' : request.method;

    if (kind === 'data' && method === 'GET') {
      if (!may(path, 'read')) return errors(403, 'permission denied');
      const last = secret?.versions.at(-1);
      if (!secret || !last) return errors(404);
      const metadata = metadataOf(secret, last.createdAt, last.isDeleted ? last.createdAt : '');
      const data = { data: last.isDeleted ? null : last.data, metadata };
      return answer(last.isDeleted ? 404 : 200, { data });
    }
    if (kind === 'data' && (method === 'POST' || method === 'PUT')) {
      if (!may(path, secret ? 'update' : 'create')) return errors(403, 'permission denied');
      const { data, options } = JSON.parse(body) as { data: unknown; options?: { cas?: number } };
      const current = secret?.versions.length ?? 0;
      if (options?.cas !== undefined && options.cas !== current) {
        return errors(400, 'check-and-set parameter did not match the current version');
      }
      const createdAt = new Date().toISOString();
      const next = secret ?? { versions: [] };
      next.versions.push({ data, createdAt, isDeleted: false });
      secrets.set(name, next);
      return answer(200, { data: metadataOf(next, createdAt, selfDeletes ? createdAt : '') });
    }
    if (kind === 'data' && method === 'DELETE') {
      if (!may(path, 'delete')) return errors(403, 'permission denied');
      const last = secret?.versions.at(-1);
      if (last) last.isDeleted = true;
      return answer(204);
    }
    if (kind === 'metadata' && method === 'DELETE') {
      if (!may(path, 'delete')) return errors(403, 'permission denied');
      secrets.delete(name);
      return answer(204);
    }
    if (kind === 'metadata' && method === 'LIST') {
      const folder = name.endsWith('/') ? name : `${name}/`;
      if (!may(`${mount}/metadata/${folder}`, 'list')) return errors(403, 'permission denied');
      const below = [...secrets.keys()].filter((one) => one.startsWith(folder));
      const keys = new Set(below.map((one) => one.slice(folder.length).replace(/\/.*$/, '/')));
      return keys.size === 0 ? errors(404) : answer(200, { data: { keys: [...keys].sort() } });
    }
    return errors(405, 'unsupported operation');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  let issued = 0;

  return {
    url: `http://127.0.0.1:${port}`,
    root: 'root-token',
    issue(policy, { ttlS = 3_600, names = ['default', 'sotto-role'] } = {}) {
      issued += 1;
      tokens.set(`token-${issued}`, { ttl: ttlS, policies: names });
      policies.set(`token-${issued}`, rulesOf(policy));
      return `token-${issued}`;
    },
    revoke: (token) => void policies.delete(token),
    seal: (next) => {
      isSealed = next;
    },
    behave(next) {
      way = next;
      for (const response of held.splice(0)) response.destroy();
    },
    deleteVersionAfter: (next) => {
      selfDeletes = next;
    },
    secrets,
    asked,
    traffic: () => traffic,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function metadataOf(secret: Secret, createdAt: string, deletedAt: string) {
  return {
    created_time: createdAt,
    custom_metadata: null,
    deletion_time: deletedAt,
    destroyed: false,
    version: secret.versions.length,
  };
}

function rulesOf(policy: string): Map<string, string[]> {
  const rules = policy.matchAll(/path "([^"]+)" \{\s*capabilities = \[([^\]]*)\]\s*\}/g);
  return new Map(
    Array.from(rules, ([, path = '', rights = '']) => [path, rights.match(/[a-z]+/g) ?? []]),
  );
}

/** Of the rules that match, the one with the longest path decides. */
function rightsAt(policy: Map<string, string[]> | 'root', path: string): string[] {
  if (policy === 'root') return ['root'];
  const [rule] = [...policy.keys()]
    .filter((rule) => patternOf(rule).test(path))
    .sort((one, other) => other.length - one.length);
  return (rule && policy.get(rule)) || [];
}

/** A `+` stands for one part of a path, a `*` at the end for the rest. */
function patternOf(rule: string): RegExp {
  const part = RegExp.escape(rule).replaceAll(String.raw`\+`, '[^/]+');
  return new RegExp(`^${part.replace(/\\\*$/, '.*')}$`);
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
