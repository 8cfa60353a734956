import { randomUUID } from 'node:crypto';

/** What a stranger's jobs are called in this process. */
interface JobNames {
  shown(id: string): string;
  real(shown: string): string;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const namesMax = 5_000;

/**
 * Gives jobs whose id is no batch's a name made up here: whoever chose the id may have chosen a
 * person's. The name cannot be turned back into the id, and means nothing in another process.
 */
export function createJobNames(): JobNames {
  const shownOf = new Map<string, string>();
  const realOf = new Map<string, string>();

  return {
    shown(id) {
      if (uuid.test(id)) return id;
      const known = shownOf.get(id);
      if (known) return known;
      if (shownOf.size >= namesMax) {
        shownOf.clear();
        realOf.clear();
      }
      const made = `unreadable-${randomUUID().slice(0, 8)}`;
      shownOf.set(id, made);
      realOf.set(made, id);
      return made;
    },
    real: (shown) => realOf.get(shown) ?? shown,
  };
}
