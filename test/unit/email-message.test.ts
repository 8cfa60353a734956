import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { describe, expect, it } from 'vitest';
import { languages } from '../../src/domain/language.ts';
import { Secret } from '../../src/domain/secret.ts';
import { renderMessage } from '../../src/message/render-message.ts';
import { createComposer } from '../../src/transport/email-smtp-message.ts';
import { outgoingEmail } from '../support/outgoing-email.ts';

const compose = createComposer({ from: 'rappel@sotto.test' });
const normal = (text: string) => text.replace(/\r\n?/g, '\n').trimEnd();

async function read(message: Buffer) {
  for (const line of message.toString('latin1').split('\r\n')) {
    expect(line).toMatch(/^[\t -~]*$/);
    if (!line.startsWith('List-Unsubscribe:')) expect(line.length).toBeLessThanOrEqual(100);
  }
  return PostalMime.parse(message);
}

describe('a composed email', () => {
  it.each(languages)('says in %s what was rendered, to the letter', async (language) => {
    const link = new Secret(`https://r.sotto.test/a${'x'.repeat(67)}`);
    const rendered = renderMessage({ language, channel: 'email', optOut: false, link });
    if (rendered.channel !== 'email') throw new Error('no email');
    const { subject, text, html, from, to } = await read(await compose(outgoingEmail(rendered)));
    expect({ subject, from: from?.address, to: to?.map(({ address }) => address) }).toEqual({
      subject: rendered.subject,
      from: 'rappel@sotto.test',
      to: ['alice@sotto.test'],
    });
    expect(normal(text ?? '')).toBe(normal(rendered.text.reveal()));
    expect(normal(html ?? '')).toBe(normal(rendered.html.reveal()));
  });

  it('brings any text through, and none of it ends a header or a part', async () => {
    const anything = fc.string({ unit: 'grapheme', maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(anything, anything, anything, async (subject, text, html) => {
        const email = outgoingEmail({
          subject: `S\r\nBcc: x@y.test ${subject}`,
          text: new Secret(`${text}\n--=_part--\n`),
          html: new Secret(`<p>${html}</p>`),
        });
        const message = await read(await compose(email));
        expect(message.headers.map(({ key }) => key)).not.toContain('bcc');
        expect(normal(message.text ?? '')).toBe(normal(email.text.reveal()));
        expect(normal(message.html ?? '')).toBe(normal(email.html.reveal()));
      }),
    );
  });

  it.each(['a,b@c.test', '"a@b.test"@c.test', 'a;b@c.test', 'a(b@c.test'])(
    'is to one recipient, whatever stands in the address: %s',
    async (address) => {
      const message = await compose(outgoingEmail({ to: new Secret(address) }));
      expect(message.toString()).toContain(`\r\nTo: <${address}>\r\n`);
    },
  );
});
