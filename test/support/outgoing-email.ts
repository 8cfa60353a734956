import { randomBytes } from 'node:crypto';
import { Secret } from '../../src/domain/secret.ts';
import type { OutgoingEmail } from '../../src/transport/transport.ts';

const link = `https://r.exemple-rdv.fr/a${'Xy-_'.repeat(16)}Zz0`;

/** An email with all that a worker puts into one, for an attempt of its own. */
export function outgoingEmail(changes: Partial<OutgoingEmail> = {}): OutgoingEmail {
  return {
    channel: 'email',
    to: new Secret('alice@sotto.test'),
    subject: 'Rappel : un rendez-vous à confirmer',
    text: new Secret(`Vous avez un rappel.\n\n${link}\n`),
    html: new Secret(`<p lang="fr">Vous êtes attendu·e.</p><p><a href="${link}">Ouvrir</a></p>`),
    attemptToken: randomBytes(16).toString('base64url'),
    validitySeconds: 3_600,
    messageKey: randomBytes(16).toString('base64url'),
    optOutUrl: new Secret(`https://r.exemple-rdv.fr/stop/${'b'.repeat(120)}`),
    ...changes,
  };
}
