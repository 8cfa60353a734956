import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { AppointmentRequest } from '../../src/domain/appointment.ts';
import type { Channel } from '../../src/domain/channel.ts';
import { launchBrowser } from './browser.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { freePort } from './free-port.ts';
import { type PatientPages, startPatientPages } from './patient-pages.ts';
import { type SeededAppointment, seedAppointment, seededRequest } from './seed-appointment.ts';

/** The patient pages at a port of their own, with a browser that may open them. */
export interface PatientSite {
  readonly origin: string;
  readonly browser: Browser;
  readonly database: TestDatabase;
  readonly organisationId: string;
  readonly pages: PatientPages;
  /** What the browser complained of: a style or image that the policy refused, for instance. */
  readonly complaints: readonly string[];
  /** A page of an old phone, with cookies and an address of its own. */
  openPage(options?: BrowserContextOptions): Promise<Page>;
  /** An appointment whose message is out, in French by SMS unless said otherwise. */
  seed(changes: {
    language?: string;
    recipient?: Partial<AppointmentRequest['recipient']>;
    place?: AppointmentRequest['details']['place'];
    status?: AppointmentRequest['status'];
    channel?: Channel;
  }): Promise<SeededAppointment & { url: string }>;
  /** Locks the PIN of an appointment, as too many wrong ones do. */
  lockPin(appointment: SeededAppointment, helpCode: string): Promise<void>;
  /** The code that was texted to this phone last. */
  newestCode(phone: string): string;
  close(): Promise<void>;
}

export const oldPhone = { width: 320, height: 568 } as const;

export async function openPatientSite(): Promise<PatientSite> {
  const database = await createTestDatabase();
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const pages = await startPatientPages(database, { patientUrl: origin });
  await pages.app.listen({ host: 'localhost', port });
  const organisationId = await database.createOrganisation();
  const browser = await launchBrowser();
  const complaints: string[] = [];
  let addresses = 0;

  return {
    ...{ origin, browser, database, organisationId, pages, complaints },
    async openPage(options = {}) {
      addresses += 1;
      const extraHTTPHeaders = { 'x-forwarded-for': `198.51.100.${addresses}` };
      const context = await browser.newContext({
        viewport: oldPhone,
        extraHTTPHeaders,
        ...options,
      });
      const page = await context.newPage();
      page.on('console', (message) => complaints.push(message.text()));
      return page;
    },
    async seed({ language = 'fr', recipient = seededRequest.recipient, place, status, channel }) {
      const request = {
        ...seededRequest,
        ...(status === undefined ? {} : { status }),
        details: { ...seededRequest.details, ...(place === undefined ? {} : { place }) },
        recipient: { ...recipient, language },
      };
      const channels = [channel ?? 'sms'] as const;
      const seeded = await seedAppointment(pages.seed, { organisationId, request, channels });
      return { ...seeded, url: `${origin}/${seeded.link.token}` };
    },
    async lockPin({ id }, helpCode) {
      await database.admin.query(
        `insert into factor_failures (organisation_id, appointment_id, factor, failed_count, locked_at, help_code)
         values ($1, $2, 'pin', 10, clock_timestamp(), $3)
         on conflict (appointment_id, factor) do update
           set failed_count = 10, locked_at = clock_timestamp(), help_code = $3`,
        [organisationId, id, helpCode],
      );
    },
    newestCode(phone) {
      const text = pages.phone.sends.findLast(({ to }) => to === phone)?.text ?? '';
      return /#(\d{6})$/.exec(text.trim())?.[1] ?? '';
    },
    async close() {
      await browser.close();
      await pages.close();
      await database.drop();
    },
  };
}
