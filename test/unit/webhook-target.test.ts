import { describe, expect, it } from 'vitest';
import { readWebhookTarget } from '../../src/transport/webhook-target.ts';

const live = (text: string) => readWebhookTarget(text, { loopbackAllowed: false });
const sandbox = (text: string) => readWebhookTarget(text, { loopbackAllowed: true });
const x = (text: string) => text.replace('HOST', 'hooks.example.com');

describe('the address of an endpoint', () => {
  it.each([
    'https://hooks.example.com',
    'https://hooks.example.com/in?token=a%20b',
    'https://hooks.example.com:443/in',
    'https://hooks.example.com:8443/in',
    'https://93.184.216.34/in',
    'https://[2606:4700:4700::1111]/in',
    'https://xn--bcher-kva.example/in',
  ])('may be %s', (text) => {
    for (const read of [live, sandbox]) {
      expect(read(text)).toMatchObject({ url: new URL(text), isLoopback: false });
    }
  });

  it.each(
    [
      'http://HOST/in',
      'ftp://HOST/in',
      'file:///etc/passwd',
      'gopher://HOST:70/',
      'data:text/plain,x',
      'HOST/in',
      '//HOST/in',
      '',
      'https://',
      'https://HOST:80/',
      'https://HOST:22/',
      'https://HOST:5432/',
      'https://HOST:8080/',
      'https://HOST:65536/',
      'https://user@HOST/',
      'https://user:secret@HOST/',
      'https://:secret@HOST/',
      'https://HOST/in#part',
      'https://HOST/#',
      'https://HOST./in',
      'https://HOST/a b',
      'https://HOST/a\tb',
      'https://HOST\n/in',
      ' https://HOST/in',
      'https:\\\\HOST\\in',
      'https://HOST\\@127.0.0.1/',
      'https://bücher.example/in',
      'https://１２７.0.0.1/',
      'https://127。0。0。1/',
      `https://HOST/${'x'.repeat(2_000)}`,
    ].map(x),
  )('is refused: %j', (text) => {
    expect(live(text)).toBe('invalid_url');
    expect(sandbox(text)).toBe('invalid_url');
  });

  it.each([
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0x7f.0.0.1/',
    'https://0177.0.0.1/',
    'https://017700000001/',
    'https://127.0.1/',
    'https://%31%32%37.0.0.1/',
    'https://0/',
    'https://0.0.0.0/',
    'https://10.0.0.1/',
    'https://167772161/',
    'https://169.254.169.254/latest/meta-data/',
    'https://2852039166/',
    'https://0xA9FEA9FE/',
    'https://0251.0376.0251.0376/',
    'https://100.100.100.200/',
    'https://168.63.129.16/',
    'https://192.168.1.1/',
    'https://[::1]/',
    'https://[::]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:a9fe:a9fe]/',
    'https://[64:ff9b::a9fe:a9fe]/',
    'https://[fd00:ec2::254]/',
    'https://[fe80::1]/',
    'https://[2002:7f00:1::]/',
    'https://localhost/',
    'https://LOCALHOST/',
    'https://api.localhost/',
    'https://postgres/',
    'https://metadata:8443/',
  ])('is told to be no public one: %s', (text) => {
    expect(live(text)).toBe('private_address');
    expect(sandbox(text)).toBe('private_address');
  });

  it.each([
    'http://localhost:4000/in',
    'http://127.0.0.1:4000/in',
    'http://[::1]:4000/in',
    'http://2130706433:4000/in',
  ])('may be on this machine where nothing real is sent: %s', (text) => {
    expect(live(text)).toBe('invalid_url');
    expect(sandbox(text)).toMatchObject({ isLoopback: true });
  });

  it.each([
    'http://10.0.0.1/',
    'http://169.254.169.254/',
    'http://[::ffff:127.0.0.1]/',
    'http://0/',
  ])('is nothing else on plain HTTP, there either: %s', (text) =>
    expect(sandbox(text)).toBe('invalid_url'),
  );
});
