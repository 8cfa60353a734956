import { Queue, Worker } from 'bullmq';
import type { Secret } from '../../src/domain/secret.ts';
import { queueBackend } from '../../src/queue/queue-backend.ts';

/** What a careless program could leave in the queue about a person. */
export const person = {
  name: 'Marie Planted-Canary',
  phone: '+33639981234',
  digits: '33639981234',
  address: 'marie.canary@patients.example',
  pin: '482913',
  practitioner: 'Dr Oncology-Canary',
} as const;

/**
 * Plants jobs that hold this person wherever a job can hold anything: one failed, one completed, one
 * active, one waiting and one delayed.
 */
export async function plantJobs(url: Secret<string>): Promise<void> {
  const { connection, createBackend } = queueBackend({ url, connectionsMax: 2 });
  const options = { connection, skipVersionCheck: true };
  const queue = new Queue('bells', options, createBackend);
  const worker = new Worker(
    'bells',
    undefined,
    { ...options, autorun: false, name: person.name },
    createBackend,
  );
  worker.on('error', () => {});
  try {
    const add = (id: string, extra: object = {}) =>
      queue.add(person.name, { ...person, v: 1 }, { jobId: id, ...extra });
    const take = async () => {
      const job = await worker.getNextJob(person.pin, { block: false });
      if (!job) throw new Error('no job to take');
      await job.log(`called ${person.phone}`);
      await job.updateProgress({ ...person });
      return job;
    };
    await add(person.name, { attempts: 1, deduplication: { id: person.address } });
    await (await take()).moveToFailed(new Error(`${person.name} ${person.phone}`), person.pin);
    await add(`n${person.digits}`);
    await (await take()).moveToCompleted({ ...person }, person.pin, false);
    await add(`${person.address}-active`);
    await take();
    await add(person.phone, { timestamp: Number(person.digits) });
    await add(`${person.pin}-delayed`, { delay: 3_600_000 });
    await queue.upsertJobScheduler(
      person.practitioner,
      { every: 3_600_000 },
      { name: person.name, data: person },
    );
  } finally {
    await worker.close();
    await queue.close();
  }
}
